"""The tape's events as moves on an allocator.

The tape records one block for many. Here each run of a block gets storages of its own, and what a run releases is found
by the part that it plays in the block.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from advisor.ledger.tape import Event, Segment

OLDEST, YOUNGEST = 0, -1

Live = list[int]  # addresses of the live storages that play one part, oldest first
Move = tuple[int, Live, int]  # an allocation of so many bytes; or, with 0, the release of the OLDEST or YOUNGEST


def joints(segments: list[Segment], runs: Callable[[Segment], int]) -> dict[int, int]:
    """What leaves a repeated block -> what enters it: they play one part, as the residual stream does, or its gradient.

    On the tape the one is made once and released by every run, the other made by every run and released once. `runs`
    says how often a segment runs in a row.
    """
    made: dict[int, tuple[int, str]] = {}
    released, left = set(), Counter[int]()
    for segment in segments:
        times = runs(segment) * int(segment.micro_batches)
        for event in segment.events:
            left[event.storage] += event.sign * times
            if event.sign > 0:
                made[event.storage] = event.size, segment.phase
            else:
                released.add(event.storage)
    waiting: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    found: dict[int, int] = {}
    for storage in sorted(released):
        size, phase = made[storage]
        if partners := waiting[size, phase, -left[storage]]:
            found[storage] = partners.pop(0)
        elif left[storage]:
            waiting[size, phase, left[storage]].append(storage)
    return found


class Parts:
    """Which live storage an event means in each run of its segment; at most `most_runs` runs in a row are made.

    The backward pass goes through the blocks in reverse: it releases the youngest storage that plays a part. A run that
    releases what the run before it has made takes the oldest.
    """

    def __init__(self, segments: list[Segment], most_runs: int) -> None:
        self._most_runs = most_runs
        self._repeats = {int(segment.repeat) for segment in segments}
        events = [(event, segment) for segment in segments for event in segment.events]
        self._made = {event.storage: (event.size, segment) for event, segment in events if event.sign > 0}
        self._live: dict[int, Live] = defaultdict(list)
        for storage, partner in joints(segments, self.runs).items():
            self._live[storage] = self._live[partner]

    def runs(self, segment: Segment) -> int:
        """How often the segment runs in a row; one run less than another segment stays one run less."""
        repeat = int(segment.repeat)
        less = int(repeat + 1 in self._repeats)
        return min(repeat + less, self._most_runs) - less

    def moves(self, segment: Segment) -> list[Move]:
        """What one run of the segment does."""
        return [self._move(event, segment) for event in segment.events]

    def _move(self, event: Event, segment: Segment) -> Move:
        live = self._live[event.storage]
        if event.sign > 0:
            return event.size, live, YOUNGEST
        _, made = self._made[event.storage]
        return 0, live, (OLDEST if made.phase == segment.phase and (segment.stacked or segment.runs > 1) else YOUNGEST)

    def drain(self) -> list[int]:
        """Addresses of all that is live; nothing is afterwards."""
        addresses = []
        for live in self._live.values():
            addresses += live
            live.clear()
        return addresses
