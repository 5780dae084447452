"""The machinery: runs the cells of a suite in isolation, on this machine or on a cluster."""
