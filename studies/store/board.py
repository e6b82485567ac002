"""Shows in the store what a running study is doing, for whoever watches."""

import dataclasses
import time
from collections.abc import Sequence

from advisor.errors import StoreError
from studies import events
from studies.coordinator.clock import Clock
from studies.records import CurvePoint, TrialRecord
from studies.store.live import Live, RunningTrial
from studies.store.logbook import Logbook

WRITE_SECONDS = 0.4  # between two states in the store, at least; readers add their own interval
CURVE_POINTS = 50  # of training losses; evaluations are all there


class Board:
    """Follows a study's events and keeps the live state in the store about half a second old at most."""

    def __init__(self, logbook: Logbook, clock: Clock, ended: int) -> None:
        self._logbook, self._clock, self._ended = logbook, clock, ended
        self.predicted_end = clock.budget  # [s] since the study began; set by whoever knows better
        self._phase: events.Phase = "probe"
        self._best: TrialRecord | None = None
        self._running: dict[int, RunningTrial] = {}
        self._curves: dict[int, list[CurvePoint]] = {}
        self._written = -WRITE_SECONDS

    def see(self, event: events.Event) -> None:
        """Something has happened."""
        match event:
            case events.PhaseStarted():
                self._phase = event.phase
            case events.TrialStarted():
                self._start(event)
            case events.TrialReported():
                self._curves[event.number].append(event.point)
            case events.TrialEnded():
                del self._running[event.trial.number], self._curves[event.trial.number]
                self._ended += 1
                self._best = event.best and dataclasses.replace(event.best, curve=())

    def tick(self) -> None:
        """Write the state, unless it was written a moment ago; a store that is busy does without."""
        now = time.monotonic()
        if now - self._written >= WRITE_SECONDS:
            self._written = now
            try:
                self._logbook.show(self._state().to_json())
            except StoreError:
                return

    def _start(self, event: events.TrialStarted) -> None:
        self._curves[event.number] = []
        self._running[event.number] = RunningTrial(
            number=event.number,
            role=event.role,
            device=event.device,
            point=event.point,
            steps=event.steps,
            started=self._clock.spent,
            predicted_seconds=event.predicted_seconds,
        )

    def _state(self) -> Live:
        trials = tuple(self._running.values())
        return Live(
            phase=trials[-1].role if trials else self._phase,  # the default begins amid the search, which goes on
            written=time.time(),
            budget_seconds=self._clock.budget,
            spent_seconds=self._clock.spent,
            predicted_end_seconds=max(self.predicted_end, self._clock.spent),
            ended=self._ended,
            running=tuple(dataclasses.replace(trial, curve=thin(self._curves[trial.number])) for trial in trials),
            best=self._best,
        )


def thin(curve: Sequence[CurvePoint]) -> tuple[CurvePoint, ...]:
    """At most about CURVE_POINTS points, evenly spread, beside all evaluations and the last."""
    every = -(-len(curve) // CURVE_POINTS)
    last = len(curve) - 1
    return tuple(p for i, p in enumerate(curve) if i % every == 0 or i == last or p.validation_loss is not None)
