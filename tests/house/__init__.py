"""The house rules, as tests. `rules.toml` holds the lists, `sources.py` reads the code, the rest are the rules."""
