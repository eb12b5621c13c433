"""One contraction answers."""
