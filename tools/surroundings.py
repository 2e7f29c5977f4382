"""The surroundings of a build: what the caller's environment may decide, and what it may not.

    python -I tools/surroundings.py ARGUMENT …     runs `python ARGUMENT …`, or a script of the environment, in settled surroundings
    python -I tools/surroundings.py                prepares them: the folders, and matplotlib's list of fonts

A chapter has to give the same outputs whoever builds it. Jupyter, IPython, matplotlib, pip and Python itself all read variables and the
user's folders: a kernel, a start-up file, a backend without pictures, a style. Here such variables are removed by family, and the
user's folders replaced by ones inside the environment. `make` starts everything through this file (``-I``: it runs whatever PYTHONHOME says);
what executes chapters calls `settle`, so that it holds without `make` as well. Needs nothing but the standard library.
"""

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: families of variables, by the beginning of their names
FAMILIES = (
    "PYTHON",
    "PIP_",
    "JUPYTER",
    "IPYTHON",
    "MPL",
    "MATPLOTLIB",
    "PYTEST_",
    "TQDM_",
    "SYMPY_",
    "MPMATH_",
    "SCIPY_",
    "GIT_",
    "MAKE",
)
#: what they may decide all the same: how Python speaks and stores, where pip finds packages, whom git trusts
KEPT = (
    *("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONFAULTHANDLER"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONFIG_FILE", "PIP_TRUSTED_HOST"),
    *(
        "PIP_PROXY",
        "PIP_CERT",
        "PIP_CLIENT_CERT",
        "PIP_KEYRING_PROVIDER",
        "PIP_TIMEOUT",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_RETRIES",
    ),
    *("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_ONLY_BINARY", "PIP_NO_BINARY", "PIP_PREFER_BINARY"),
    *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"),
)
FIXED = {
    # files are UTF-8, whatever the locale
    "PYTHONUTF8": "1",
    # over a `user = true` in pip's own configuration, which has no place in a virtual environment
    "PIP_USER": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    # one BLAS thread a process: the processes are the parallelism
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # kernels of this environment before those of the user
    "JUPYTER_PREFER_ENV_PATH": "1",
    # the debugger's remark about frozen modules
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
#: for the kernels: the package of this repository, and no progress bars, which depend on the machine's speed
KERNELS = {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
FOLDERS = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter/config",
    "JUPYTER_DATA_DIR": "jupyter/data",
    "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    "MPLCONFIGDIR": "matplotlib",
}
#: seconds that a kernel may take to start on a busy machine
STARTUP = 300
#: kernels that share a history on the disk may lock each other out, and say so in a cell
PROFILE = 'c = get_config()\nc.HistoryManager.hist_file = ":memory:"\n'


def settled(environment):
    """A copy of a mapping of variables, without what the caller must not decide."""
    kept = {name: value for name, value in environment.items() if not name.startswith(FAMILIES) or name.startswith(KEPT)}
    return kept | FIXED | {name: str(home() / folder) for name, folder in FOLDERS.items()}


@functools.cache
def home():
    """The folder that stands for the user's: in the environment, where `make` prepares it, or in _build if that is read-only."""
    inside = Path(sys.prefix) / "var" / "book"
    try:
        inside.mkdir(parents=True, exist_ok=True)
        if os.access(inside, os.W_OK):
            return inside
    except OSError:
        pass
    return ROOT / "_build" / ".surroundings"


@functools.cache
def prepare():
    """Make the folders, and let matplotlib list the fonts now: it reports a first scan in whatever cell causes it."""
    for folder in FOLDERS.values():
        (home() / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    profile = home() / "ipython" / "profile_default"
    profile.mkdir(exist_ok=True)
    _write(profile / "ipython_kernel_config.py", PROFILE)
    if importlib.util.find_spec("matplotlib"):  # not in an environment that only tests the package
        code = "import matplotlib.font_manager"
        # not checked: pip, which may have to mend this very library, is started from here too
        subprocess.run([sys.executable, "-c", code], env=settled(os.environ), capture_output=True)


def _write(path, text):
    """Write a file at once, since several builds may prepare the same folder."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def settle():
    """Settle the surroundings of this process, for the kernels that it starts."""
    environment = settled(os.environ) | KERNELS
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    prepare()


def main(arguments):
    prepare()
    if not arguments:
        return
    script = Path(sys.prefix) / "bin" / arguments[0]
    if not arguments[0].startswith("-") and script.is_file():
        # by the interpreter: the first line of a script may name an environment that has been moved
        arguments = [str(script), *arguments[1:]]
    os.execve(sys.executable, [sys.executable, *arguments], settled(os.environ))


if __name__ == "__main__":
    main(sys.argv[1:])
