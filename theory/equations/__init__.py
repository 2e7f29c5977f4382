"""The saddle-point equations as numbers, their solutions and what certifies them."""
