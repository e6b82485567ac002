"""Tuning studies: a coordinator that asks and tells, executors that run trials, one store.

`import studies` is cheap: what it names is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studies.coordinator.sitting import resume, run
    from studies.settings import Settings
    from studies.store import Store, open_store

__all__ = ["Settings", "Store", "open_store", "resume", "run"]

_HOME = {
    "Settings": "studies.settings",
    "Store": "studies.store",
    "open_store": "studies.store",
    "resume": "studies.coordinator.sitting",
    "run": "studies.coordinator.sitting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'studies' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
