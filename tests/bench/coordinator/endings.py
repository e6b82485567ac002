"""When studies of real training say that they will end, and when they do."""

import time
from dataclasses import dataclass
from pathlib import Path

import studies
from studies import events
from studies.job import Device
from tests.bench.coordinator.idle_time import SPACE

CPU = Device(name="cpu", threads=1)
STUDIES = (  # budget [s], space, trials of the search at most, trials at a time
    (40.0, SPACE, None, 1),
    (40.0, SPACE, None, 2),
    (60.0, SPACE, 8, 1),
    (60.0, SPACE, 8, 2),
    (60.0, SPACE, 1, 1),
    (120.0, "decoder-small", None, 1),
    (120.0, "decoder-small", 8, 1),
    (120.0, "decoder-small", 8, 2),
)


SHARES = (0.25, 0.5)  # of the search, at which the prediction is looked at again


@dataclass(frozen=True, kw_only=True)
class Ending:
    """One study; seconds since it began. `predictions`: (when, which end) from a second into the search on."""

    budget: float
    space: str
    max_trials: int | None
    at_once: int
    real: float
    predictions: list[tuple[float, float]]

    @property
    def began(self) -> float:
        """When its search had run for a second."""
        return self.predictions[0][0]

    def error(self, share: float = 0.0) -> float:
        """Of the last prediction before this share of the search, as a share of the real end."""
        then = self.began + share * (self.real - self.began)
        predicted = [end for when, end in self.predictions if when <= then][-1]
        return predicted / self.real - 1


def endings(folder: Path) -> list[Ending]:
    """Runs the studies."""
    return [_ending(folder, number, *study) for number, study in enumerate(STUDIES)]


def _ending(folder: Path, number: int, budget: float, space: str, max_trials: int | None, at_once: int) -> Ending:
    settings = studies.Settings(
        name=f"study {number}", budget_seconds=budget, store=str(folder / f"{number}.db"), space=space,
        max_trials=max_trials, devices=(CPU,) * at_once, memory_bytes=2**31,
    )  # fmt: skip
    watcher = Watcher(settings)
    record = studies.run(settings, on_event=watcher)
    return Ending(
        budget=budget, space=Path(space).stem, max_trials=max_trials, at_once=at_once, real=record.spent_seconds,
        predictions=watcher.predictions,
    )  # fmt: skip


class Watcher:
    """Looks at the live state, once a second from a second after the search has begun."""

    def __init__(self, settings: studies.Settings) -> None:
        self._settings = settings
        self._due = float("inf")
        self.predictions: list[tuple[float, float]] = []

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.PhaseStarted) and event.phase in ("shape", "search") and self._due == float("inf"):
            self._due = time.monotonic() + 1.1
        if time.monotonic() > self._due:
            self._due = time.monotonic() + 1.0
            with studies.open_store(self._settings.store) as store:
                live = store.live(self._settings.name)
                assert live is not None
                self.predictions.append((live.spent_seconds, live.predicted_end_seconds))
