"""nbval runs the chapters as Jupyter does.

By itself nbval runs cells without a history, which is where IPython looks for a final ``;``: every plot cell would then show
one object more than it does in Jupyter.
"""

import os

# progress bars depend on the machine's speed
os.environ.setdefault("TQDM_DISABLE", "1")

try:
    from nbval.kernel import RunningKernel
except ImportError:  # pytest without nbval: there is no chapter to run
    pass
else:

    def execute_cell_input(self, cell_input, allow_stdin=None):
        return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)

    RunningKernel.execute_cell_input = execute_cell_input
