"""Us and the peers, measured side by side in one process (``python -m tests.bench``)."""
