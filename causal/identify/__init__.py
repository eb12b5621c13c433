"""What can be known, from the graph and the question alone."""
