"""Commands that answer a question: one, many at once, a ladder of falls, the one of today."""
