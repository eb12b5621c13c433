"""Network files of other programs."""
