"""Commands that say why an answer is what it is, and what the model holds."""
