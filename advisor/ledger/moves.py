"""The tape's events as moves on an allocator.

The tape records one block for many. Here each run of a block gets storages of its own, and what a run releases is found
by the part that it plays in the block.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from advisor.ledger.allocator import Live, Move
from advisor.ledger.tape import Event, Segment

OLDEST, YOUNGEST = 0, -1


def joints(segments: list[Segment]) -> dict[int, int]:
    """What leaves a repeated block -> what enters it: they play one part, as the residual stream does, or its gradient.

    On the tape the one is made once and released by every run, the other made by every run and released once.
    """
    made: dict[int, tuple[int, str]] = {}
    released, left = set(), Counter[int]()
    for segment in segments:
        times = int(segment.runs)
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

    def __init__(self, segments: list[Segment], joints: dict[int, int], most_runs: int) -> None:
        self.most_runs, self._joints = most_runs, joints
        self._repeats = {int(segment.repeat) for segment in segments}
        self._made = {event.storage: segment for segment in segments for event in segment.events if event.sign > 0}

    def runs(self, segment: Segment) -> int:
        """How often the segment runs in a row; one run less than another segment stays one run less."""
        repeat = int(segment.repeat)
        less = int(repeat + 1 in self._repeats)
        return min(repeat + less, self.most_runs) - less

    def move(self, event: Event, segment: Segment, live: dict[int, Live]) -> Move:
        """What an event of the segment does; `live` has a list for each part, by the first storage that plays it."""
        ours = live[self._joints.get(event.storage, event.storage)]
        if event.sign > 0:
            return event.size, ours, YOUNGEST
        made = self._made[event.storage]
        return 0, ours, (OLDEST if made.phase == segment.phase and (segment.stacked or segment.runs > 1) else YOUNGEST)
