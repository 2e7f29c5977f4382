r"""The features of a network, φ = σ(W x/√d + shift): the one line that every simulation of it has in common.

Checked in every library and precision by ``tests/simulation/test_kernels.py``.
"""

import math
from typing import Any

from ..activations import Activation
from .backends import Array


def features_of(activation: Activation, W: Array, x: Array, shift: Array | float, xp: Any) -> Array:
    """σ(W x/√d + shift), (p, m), for states ``x`` (d, m), weights ``W`` (p, d) and what biases add, ``shift`` (p, 1). Cost O(p d m)."""
    return activation(W @ x / math.sqrt(W.shape[1]) + shift, xp)
