"""From an activation function to the numbers of the saddle-point equations."""
