"""One file per law; each takes any model."""
