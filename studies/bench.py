"""What the phases of one sitting work with."""

from collections.abc import Callable
from dataclasses import dataclass

from studies.board import Board
from studies.clock import Clock
from studies.events import Event
from studies.executor import Executor
from studies.forecast import Forecast
from studies.jobs import Jobs
from studies.logbook import Logbook
from studies.search import Search
from studies.settings import Settings
from studies.shelf import Shelf


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The tools of a sitting; each exists once."""

    settings: Settings
    limit_bytes: int  # that a training step may allocate
    jobs: Jobs
    executor: Executor
    clock: Clock
    forecast: Forecast
    search: Search
    logbook: Logbook
    shelf: Shelf
    live: Board
    tell: Callable[[Event], None]
