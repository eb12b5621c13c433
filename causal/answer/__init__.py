"""A number and its grounds."""
