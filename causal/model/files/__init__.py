"""Network files of other programs: one reader a format, all on what a file states of its nodes."""
