"""Results on disk: written row by row, read as frames, verified and merged."""

from bnnbench.store.store import Store as Store
from bnnbench.store.store import open_store as open_store
from bnnbench.store.store import read_store as read_store
