"""The one failure that is not the caller's fault: a solver that could not certify its answer.

Why it could not is one of a few `REASONS`, each with what to try: whoever runs many models can count them, and go on where that helps.
"""

#: reason → what to try
REASONS = {
    "point": "no solution was certified at a point: move it off the edges and the atoms of the spectrum",
    "digits": "the digits asked for were not reached: move the point off the edge of the bulk, or ask for fewer",
    "precision": "double precision is not enough: ask for digits (dps, theory.training.training_mpmath), or move off the limiting case",
    "quadrature": "an average did not settle: name the corners and jumps, as in Activation(…, kinks=…)",
    "support": "the edges that were found do not fit together: more quadrature nodes or types, or a parameter that differs by one per cent",
    "budget": "the search for edges takes too long: fewer types, times or kinds",
    "types": "the continuum of feature types or times is not resolved: a point off the axis, fewer directions of centroids, types as a number",
    "bracket": "what was looked for is not where it was looked for: another fraction, variance or range",
    "steps": "Lanczos' recurrences are too short: more steps, a point further off the spectrum, or an earlier training time",
    "residual": "an outermost eigenvalue of a large matrix lies too close to others: a larger tolerance, or fewer eigenvalues",
    "hard edge": "the spectrum reaches down to 0, so that training never ends: move psi_p away from 1",
}


class ConvergenceError(ArithmeticError):
    """A result could not be certified and is therefore not returned.

    Attributes
    ----------
    residual : float or None
        The residual that was reached, in the dimensionless units of the equation that was solved
        (``nan`` where the failure is not a residual, e.g. a root in the wrong half-plane).
    reason : str or None
        One of `REASONS`; None where whoever raised it gave none.

    Examples
    --------
    >>> from theory import ConvergenceError, RandomFeatureModel, activations
    >>> try:
    ...     RandomFeatureModel(activations.linear, psi_p=1, psi_n=3, t=0.2).training(1.0)
    ... except ConvergenceError as error:
    ...     print(error.reason)
    hard edge
    """

    def __init__(self, message: str, residual: float | None = None, *, reason: str | None = None):
        if reason is not None and reason not in REASONS:
            raise ValueError(f"reason = {reason!r} is unknown; allowed: {', '.join(map(repr, REASONS))}")
        if residual is not None:
            message = f"{message} (residual {float(residual):.3g})"
        super().__init__(message)
        self.residual = None if residual is None else float(residual)
        self.reason = reason

    @property
    def advice(self) -> str | None:
        """What to try."""
        return REASONS.get(self.reason)

    def __reduce__(self):
        # the message has its residual already, and keyword arguments do not travel by themselves
        return _again, (type(self), str(self), self.residual, self.reason)


def _again(kind, message, residual, reason):
    error = kind(message, reason=reason)
    error.residual = residual
    return error
