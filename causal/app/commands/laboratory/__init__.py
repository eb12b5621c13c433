"""Commands that run a market whose causes are known."""
