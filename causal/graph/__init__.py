"""What causes what: no data, no numbers."""
