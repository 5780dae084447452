"""A suite: a TOML file, expanded to the cells that it asks for. Nothing runs here."""
