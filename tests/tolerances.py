"""All tolerances of the tests of the core, keyed by precision: a test names what it compares, not how closely."""

#: quantity → relative tolerance in double precision
DOUBLE = {
    "identity": 1e-12,  # two evaluations of one formula
    "resolvent": 1e-10,  # two methods for q(z), off the edges
    "edge": 1e-11,  # an edge against an exact root of the discriminant
    "coefficient": 1e-10,  # a coefficient against an independent quadrature
    "quadrature": 1e-8,  # against scipy.integrate with default settings, and the certified total mass
    "moment": 1e-9,  # moments of the law by quadrature over the bulks
}

#: figures of two Monte Carlo averages agree within this many standard errors (the largest of a few hundred entries)
STANDARD_ERRORS = 4.5


def double(quantity):
    """Relative tolerance in double precision."""
    return DOUBLE[quantity]


def digits(dps):
    """Relative tolerance of a result asked for to ``dps`` digits: five are left for the conditioning of the comparison."""
    return 10.0 ** (5 - dps)
