"""Hostile and careless input: every kind of it ends in an answer or in a CausalError."""
