"""What the phases of one sitting work with."""

from collections.abc import Callable
from dataclasses import dataclass

from studies.coordinator.clock import Clock
from studies.coordinator.forecast import Forecast
from studies.events import Event
from studies.executors.executor import Executor
from studies.jobs import Jobs
from studies.pricing import Pricing
from studies.search import Search
from studies.settings import Settings
from studies.store.board import Board
from studies.store.logbook import Logbook
from studies.store.shelf import Shelf


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The tools of a sitting; each exists once."""

    settings: Settings
    limit_bytes: int  # that a training step may allocate
    jobs: Jobs
    pricing: Pricing
    executor: Executor
    clock: Clock
    forecast: Forecast
    search: Search
    logbook: Logbook
    shelf: Shelf
    live: Board
    tell: Callable[[Event], None]
