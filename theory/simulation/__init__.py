"""Finite-size simulations, the second way to every observable.

Nothing here imports the solvers: a test (``tests/repository/test_repository.py``) reads the imports and fails if that changes. The
code is written against the array API standard and runs on NumPy, PyTorch (CPU or CUDA), CuPy and ``array-api-strict``.
"""
