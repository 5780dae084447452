"""What holds a run apart from others: its cores, its memory, its processes."""
