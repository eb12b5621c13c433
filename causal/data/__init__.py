"""What was observed, and when it was known."""
