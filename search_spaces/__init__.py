"""What may vary in a study: declared in TOML, feasible by construction."""
