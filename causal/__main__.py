"""``python -m causal`` is the command line."""

from causal.app.cli import main

if __name__ == "__main__":
    main()
