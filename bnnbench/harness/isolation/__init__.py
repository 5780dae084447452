"""The isolation of a run: its cores, its memory, its processes."""
