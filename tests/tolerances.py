"""Every tolerance of the tests of the theory, keyed by precision."""

#: relative error allowed between two routes to the same number
EXACT = {"double": 1e-12, "closed form": 1e-13, 15: 1e-13, 30: 1e-27, 50: 1e-45, 60: 1e-55}
#: between the polynomial's root and the branch from infinity, away from edges
ROUTES = 1e-10
#: residual of the saddle-point equations, mass of the law, moments
RESIDUAL, MASS, MOMENT = 1e-10, 1e-8, 1e-7
#: standard errors that a Monte Carlo average may be off
SIGMAS = 4.5
