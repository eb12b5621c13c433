"""Why does crypto crash, and what if?  (placeholder surface: see __getattr__ table)"""
