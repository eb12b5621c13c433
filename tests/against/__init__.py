"""Our answers against other people's programs."""
