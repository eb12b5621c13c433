"""The tests: laws over random models first, oracles second, ordinary cases third."""
