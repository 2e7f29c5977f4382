"""From an activation function to the numbers of the saddle-point equations.

For whoever extends the package: arguments are not checked here, which is for what calls it.
"""
