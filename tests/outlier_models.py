"""Models of one type, kind and time that the tests of outliers and those of their thresholds ask about: each has what another has not."""

from theory import Gaussian, RandomFeatureModel
from theory import activations as A

MODELS = {
    "hard edge": RandomFeatureModel(A.erf, 4, 3, 0.3),
    "three gaps": RandomFeatureModel(A.erf, 8, 4, 0.01),
    "few features": RandomFeatureModel(A.erf, 0.5, 3, 0.1),
    "few samples": RandomFeatureModel(A.erf, 3, 0.4, 0.2),
    "two eigenvalues": RandomFeatureModel(A.erf, 30, 10, 0.02, Gaussian(((0.5, 0.5), (3, 0.5)))),
    "mean": RandomFeatureModel(A.relu, 6, 2, 0.3),
    "linear": RandomFeatureModel(A.linear, 3, 2, 0.1),
}
