"""What the memory at the peak is made of: each live storage by its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from advisor.ledger.readings import Parts
from advisor.ledger.step import Step
from advisor.ledger.tape import Event, Segment


class Place(NamedTuple):
    """The peak's place on a tape: run `run` of segment number `segment`, after `events` of its events."""

    segment: int
    run: int
    events: int


def parts_at_peak(step: Step) -> Parts:
    """The kinds of all that is live at the peak of a scalar step; they sum to it."""
    place = _peak(step)
    count = Count(step)
    for segment in step.segments[: place.segment]:
        count.add(segment, segment.events, segment.repeat)
    top = step.segments[place.segment]
    count.add(top, top.events, place.run)
    count.add(top, top.events[: place.events], 1, first=place.run)
    return Parts(
        parameters=step.weights + count.bytes["gathered"],
        optimizer=step.states,
        ema=step.ema,
        batch=sum(step.given),
        gradients=count.bytes["gradient"] + sum(step.buckets),
        autocast=count.bytes["autocast"],
        saved=count.bytes["saved"],
        temporaries=count.bytes["temporary"],
    )


class Count:
    """Live bytes by kind.

    What leaves one run of a block and enters the next has, within the block, the kind that the first run's input has;
    only the last run's output is what the segment after the block makes of it.
    """

    def __init__(self, step: Step) -> None:
        self.bytes: dict[str, int] = defaultdict(int)
        self._kinds = defaultdict(lambda: "temporary", step.kinds)
        self._inner: dict[int, str] = {}  # of what a run hands to the next one
        made = {e.storage: s for s in step.segments for e in s.events if e.sign > 0}
        for storage, earlier in step.joints.items():
            if made[storage].repeat == 0:  # no block between: the input is what the segment after makes of it
                self._kinds[earlier] = self._kinds[storage]
            self._inner[storage] = self._kinds[earlier]

    def add(self, segment: Segment, events: Iterable[Event], runs: int, first: int = 0) -> None:
        """So many runs of these events, beginning with run number `first` of the segment."""
        inner = max(min(first + runs, segment.repeat - 1) - first, 0)
        for sign, size, _, _, storage in events:
            kind = self._kinds[storage]
            self.bytes[self._inner.get(storage, kind) if sign > 0 else kind] += sign * size * inner
            self.bytes[kind] += sign * size * (runs - inner)


def _peak(step: Step) -> Place:
    """The first place where the highest level is reached; it lies in the first or the last run of a segment."""
    level, best, place = step.base, -1, Place(0, 0, 0)
    for number, segment in enumerate(step.segments):
        if segment.repeat == 0:
            continue
        height, _, change = segment.peak
        for run in (0, segment.repeat - 1):
            if level + run * change + height > best:
                best, place = level + run * change + height, Place(number, run, _events_to(segment, height))
        level += segment.repeat * change
    return place


def _events_to(segment: Segment, height: int) -> int:
    """How many events lead to the highest level."""
    level = 0
    for number, event in enumerate(segment.events):
        if level == height:
            return number
        level += event.sign * event.size
    return len(segment.events)
