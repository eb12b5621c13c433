"""One folder for each kind of command, and one file for each command."""
