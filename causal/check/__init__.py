"""Should we believe it: the model against the history."""
