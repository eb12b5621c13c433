"""One file per question about an answer: what moves it."""
