"""Sufficient statistics, counted where the rows live."""
