"""The history from its publishers into a local cache."""
