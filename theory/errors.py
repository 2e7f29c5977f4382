"""The one failure that is not the caller's fault: a solver that could not certify its answer.

Raised by whatever solves, and caught where another way is left. What a caller got wrong is a ``ValueError`` of `theory.validation`.
"""


class ConvergenceError(ArithmeticError):
    """A result could not be certified and is therefore not returned.

    Attributes
    ----------
    residual : float or None
        The residual that was reached, in the dimensionless units of the equation that was solved
        (``nan`` where the failure is not a residual, e.g. a root in the wrong half-plane).
    """

    def __init__(self, message: str, residual: float | None = None):
        if residual is not None:
            message = f"{message} (residual {float(residual):.3g})"
        super().__init__(message)
        self.residual = None if residual is None else float(residual)
