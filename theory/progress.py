"""Progress bars, for anything that may take longer than a moment.

They are lines of text on the standard error, in a notebook as in a terminal. The bars of `tqdm.auto` are widgets in a kernel
with ipywidgets: they are made before their delay is over, stay in the saved notebook as dead state, and override
``TQDM_DISABLE``, which the build of the book sets so that no bar gets into an output.
"""

import os

from tqdm import tqdm

#: seconds before a bar shows
PATIENCE = 2.0


def progress_bar(iterable=None, *, shown=True, delay=PATIENCE, leave=False, **options):
    """A ``tqdm.tqdm`` with these options, which appears after ``delay`` seconds and not at all if TQDM_DISABLE is set.

    ``shown=False`` is the caller's way to have none; the variable is read here, at each call, since tqdm reads it once on import.
    """
    disable = not shown or os.environ.get("TQDM_DISABLE", "").lower() not in ("", "0", "false")
    return tqdm(iterable, disable=disable, delay=delay, leave=leave, **options)
