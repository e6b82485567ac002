"""The store: what studies leave behind in a database, and what keeps two processes out of each other's way."""

from studies.store.store import Store, open_store

__all__ = ["Store", "open_store"]
