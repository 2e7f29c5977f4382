"""What an untrained readout of a finite network is asked for in several files: random numbers, and the slope of its loss in each of them."""

import numpy as np

from theory.simulation import loss


def readout(finite, seed=1):
    """A random readout A of a draw, shape (d, p)."""
    return np.random.default_rng(seed).standard_normal(finite.W.shape[::-1])


def central_differences(finite, A, step=0.5):
    """∂L/∂A from two values of the loss for each entry, shaped like A; exact for a quadratic form, whatever the step, up to rounding."""
    slopes = np.empty(A.shape)
    for index in np.ndindex(A.shape):
        shift = np.zeros(A.shape)
        shift[index] = step
        slopes[index] = (loss.train_loss(finite, A + shift) - loss.train_loss(finite, A - shift)) / (2 * step)
    return slopes
