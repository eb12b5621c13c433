"""What is asked: no numbers."""
