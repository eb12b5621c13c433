"""How far down the price goes."""
