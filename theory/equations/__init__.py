"""The saddle-point equations as numbers, their solutions and what certifies them.

For whoever extends the package: arguments are not checked here, which is for what calls it.
"""
