"""The tape's events as moves on an allocator.

The tape records one block for many. Here each run of a block gets storages of its own, and what a run releases is found
by the part that it plays in the block.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from advisor.ledger.allocator import ADDRESS_BITS, Block
from advisor.ledger.tape import Segment

OLDEST, YOUNGEST = 0, -1
Deed = tuple[int, Block, int, int]  # size [bytes]; then a move's request, the part instead of its blocks, and its index


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
        self._phases = {event.storage: s.phase for s in segments for event in s.events if event.sign > 0}
        self.deeds = {segment: self._deeds(segment) for segment in segments}

    def runs(self, segment: Segment) -> int:
        """How often the segment runs in a row; one run less than another segment stays one run less."""
        repeat = int(segment.repeat)
        less = int(repeat + 1 in self._repeats)
        return min(repeat + less, self.most_runs) - less

    def _deeds(self, segment: Segment) -> list[Deed]:
        """What the events of the segment do; a part is named by the first storage that plays it."""
        part, phases = self._joints.get, self._phases
        older = segment.phase if segment.stacked or segment.runs > 1 else None
        return [
            (size, size << ADDRESS_BITS, part(storage, storage), YOUNGEST)
            if sign > 0
            else (size, 0, part(storage, storage), OLDEST if phases[storage] == older else YOUNGEST)
            for sign, size, _, _, storage in segment.events
        ]
