"""``python -m causal`` is the command line."""

from causal.app.entry import main

if __name__ == "__main__":
    main()
