"""Commands that pull the history, say what is stored of it, and fit a story to it."""
