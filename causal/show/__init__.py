"""The only folder that draws."""
