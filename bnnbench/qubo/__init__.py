"""A problem compiled to a QUBO: formulations, their encodings, instances, and the files that carry them."""
