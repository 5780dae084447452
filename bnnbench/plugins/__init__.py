"""What others write: found by name, described by its source, checked against its contract."""
