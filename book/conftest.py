"""nbval runs the chapters as Jupyter does, in the surroundings of the build.

By itself nbval runs cells without a history, which is where IPython looks for a final ``;``: every plot cell would then show
one object more than it does in Jupyter. A chapter that needs what the machine lacks is skipped, with the reason.
"""

import needs  # of tools/, which pyproject.toml puts on pytest's path
import pytest
import surroundings

surroundings.settle()


def pytest_configure(config):
    # the kernel of this environment, whatever a notebook or the user's folders name
    config.option.nbval_current_env = True
    config.option.nbval_kernel_startup_timeout = surroundings.STARTUP


def pytest_collection_modifyitems(items):
    reasons = {}
    for item in items:
        notebook = getattr(item.parent, "nb", None)  # of nbval's file
        if notebook is not None:
            reason = reasons.setdefault(id(notebook), needs.missing(notebook))
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


try:
    from nbval.kernel import RunningKernel
except ImportError:  # pytest without nbval: there is no chapter to run
    pass
else:

    def execute_cell_input(self, cell_input, allow_stdin=None):
        return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)

    RunningKernel.execute_cell_input = execute_cell_input
