"""Plugins: found by name, described by their source, checked against their contract."""
