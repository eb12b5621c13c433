"""From history to posterior."""
