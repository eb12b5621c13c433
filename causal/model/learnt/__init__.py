"""Tables whose prior mean is learnt from the whole table, and days that are weighed together."""
