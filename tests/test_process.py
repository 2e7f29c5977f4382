"""The diffusion's two functions of time, in every library that they are asked of."""

import math

import mpmath
import numpy as np
import pytest

from theory.digits import mp
from theory.process import decay, noise_variance


@pytest.mark.parametrize("t", [1e-300, 1e-9, 0.02, 1.0, 30.0])
def test_signal_and_noise_add_up_in_every_library(t):
    with mpmath.workdps(50):
        exact = mpmath.exp(-mpmath.mpf(t)), 2 * mpmath.exp(-mpmath.mpf(t)) * mpmath.sinh(mpmath.mpf(t))
    for ctx in (np, math):
        np.testing.assert_allclose((decay(t, ctx), noise_variance(t, ctx)), [float(x) for x in exact], rtol=4e-16)
    assert decay(np.array([t, 1.0]))[0] == decay(t) and noise_variance(np.array([t, 1.0]))[0] == noise_variance(t)
    with mp.workdps(50):
        found = decay(mp.mpf(t), mp), noise_variance(mp.mpf(t), mp)
        assert all(abs(x - mp.convert(y)) < mp.mpf(10) ** -48 * y for x, y in zip(found, exact, strict=True))
