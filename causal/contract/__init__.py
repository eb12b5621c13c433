"""One contraction: named axes in, numbers out."""
