"""The cheapest changes that free memory: each the gentlest turn of its knobs that frees what is asked.

Whether a turn frees enough is estimated, never extrapolated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter
from typing import Any

from advisor.errors import InfeasibleError, InputError
from advisor.explain.ladder import Ladder, ladders
from advisor.explain.point import Point
from advisor.units import format_bytes

MEMORIES = ("allocated", "device")  # readings that can be asked to shrink
WORTH_PAIRING = 0.1  # share of what is asked that a knob must take off some phase of the step to be tried with others


@dataclass(frozen=True, kw_only=True)
class Change:
    """A knob at a new value."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True)
class Saving:
    """Changes that free enough, and what they cost: shares of parameters, sequence length and throughput lost.

    What is gained is not set against what is lost. What a change does to the loss in other ways is not counted.
    """

    changes: tuple[Change, ...]
    freed: int  # [bytes]
    parameters_lost: float
    sequence_lost: float
    speed_lost: float  # of tokens/s; of tokens/FLOP where no time can be said

    @property
    def rank(self) -> tuple[float, bool, int]:
        """The less is lost the better; of equals what leaves the model as it is, then what frees most."""
        cost = self.parameters_lost + self.sequence_lost + self.speed_lost
        same_model = all(change.path.startswith("plan.") for change in self.changes)
        return round(cost, 4), not same_model, -self.freed


def savings(point: Point, wanted: int, memory: str = "allocated") -> list[Saving]:
    """Single changes that free `wanted` bytes, the cheapest first; pairs of changes where no single one does.

    Raises InfeasibleError when no pair does either, InputError when more is asked than is there.
    """
    search = Search(point, wanted, memory)
    if not 0 < wanted < search.now:
        raise InputError("memory to free", expected=f"less than {format_bytes(search.now)}", got=format_bytes(wanted))
    single = ladders(point)
    found = [search.gentlest(ladder) for ladder in single if search.frees(ladder.end)]
    if not found:
        worthy = [ladder.coarse() for ladder in single if search.worth_pairing(ladder)]
        pairs = [(a, b) for a, b in combinations(worthy, 2) if a.path != b.path]
        found = [search.cheapest(a, b) for a, b in pairs if search.frees(a.end | b.end)]
    if not found:
        raise InfeasibleError(search.nothing(single))
    return sorted(found, key=lambda saving: saving.rank)


class Search:
    """Where it is looked, and for what."""

    def __init__(self, point: Point, wanted: int, memory: str) -> None:
        self.point, self.wanted, self.memory = point, wanted, memory
        self.now = self._bytes(point)

    def frees(self, changes: dict[str, Any]) -> bool:
        """Whether changes are valid and free what is wanted."""
        return self._freed(changes) >= self.wanted

    def gentlest(self, ladder: Ladder) -> Saving:
        """The first rung of a ladder that frees enough, given that its end does: each rung takes less memory."""
        last = len(ladder.values) - 1
        rung = bisect_left(range(last), True, key=lambda k: self.frees({ladder.path: ladder.values[k]}))
        return self._saving({ladder.path: ladder.values[rung]})

    def cheapest(self, a: Ladder, b: Ladder) -> Saving:
        """The cheapest pair of rungs that frees enough, given that the ends do."""
        return min((self._saving(changes) for changes in self._frontier(a, b)), key=lambda saving: saving.rank)

    def _frontier(self, a: Ladder, b: Ladder) -> Iterator[dict[str, Any]]:
        """Pairs of rungs that free enough, and would not with a gentler rung of `b`; from the end of `a` upward."""
        rung = 0
        for value in reversed(a.values):
            while not self.frees(changes := {a.path: value, b.path: b.values[rung]}):
                rung += 1
                if rung == len(b.values):
                    return
            yield changes

    def worth_pairing(self, ladder: Ladder) -> bool:
        """Whether a ladder's end lowers some phase: the peak itself may stay where only another knob reaches it."""
        turned = self.point.attempt(ladder.end)
        if turned is None:
            return False
        before, after = self.point.phase_peaks, turned.phase_peaks
        return max(before[phase] - after.get(phase, 0) for phase in before) >= WORTH_PAIRING * self.wanted

    def nothing(self, single: list[Ladder]) -> str:
        """That nothing was found, in words."""
        end = max((ladder.end for ladder in single), key=self._freed)
        change = ", ".join(f"{path} = {value}" for path, value in end.items())
        return (
            f"no change and no pair of changes frees {format_bytes(self.wanted)} of {self.memory} memory; "
            f"the most that one change frees of {format_bytes(self.now)} is {format_bytes(self._freed(end))} ({change})"
        )

    def _bytes(self, point: Point) -> int:
        found: int = getattr(point.estimate.memory, self.memory).bytes
        return found

    def _freed(self, changes: dict[str, Any]) -> int:
        """Bytes, negative where the change takes more."""
        turned = self.point.attempt(changes)
        return self.now - self._bytes(turned) if turned else 0

    def _saving(self, changes: dict[str, Any]) -> Saving:
        before, after = self.point, self.point.turned(changes)
        return Saving(
            changes=tuple(Change(path=p, old=attrgetter(p)(before), new=value) for p, value in changes.items()),
            freed=self._freed(changes),
            parameters_lost=_lost(before.readings.parameters, after.readings.parameters),
            sequence_lost=_lost(before.plan.sequence, after.plan.sequence),
            speed_lost=_lost(before.tokens_per_second, after.tokens_per_second),
        )


def _lost(old: float, new: float) -> float:
    """Share of a reading that is lost; a gain is no loss."""
    return max(0.0, 1 - new / old)
