"""``python -m bnnbench``."""

from bnnbench.cli import main

main()
