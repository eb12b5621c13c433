"""A table on every variable."""
