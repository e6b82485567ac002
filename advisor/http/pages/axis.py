"""One axis of a drawing: where values lie on it, in percent, and which round values are named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.units import format_bytes

ROOM = 4.0  # percent of an axis, on either side of the outermost points
TICKS = 5
ROUND = (1.0, 2.0, 5.0)


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A label at so many percent of its axis."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Something to lay points along, by its logarithm or as it is."""

    name: str
    label: str
    values: Sequence[float]
    show: Callable[[float], str]
    log: bool = True
    unit: float = 1.0  # multiples of which are round
    base: float = 10.0

    @property
    def places(self) -> list[float]:
        """Each value in percent of the axis."""
        return [self.place(value) for value in self.values]

    @property
    def ticks(self) -> list[Tick]:
        """Round values, a few of them."""
        low, high = min(self.values), max(self.values)
        found = self._powers(low, high) if self.log else self._steps(low, high)
        return [Tick(at=self.place(value), text=self.show(value)) for value in found]

    def place(self, value: float) -> float:
        """Percent of the axis; beyond 0 and 100 for what lies outside of it."""
        low, high, here = (math.log(v) if self.log else v for v in (min(self.values), max(self.values), value))
        return ROOM + (100 - 2 * ROOM) * ((here - low) / (high - low) if high > low else 0.5)

    def line(self, length: float) -> tuple[float, float]:
        """Of a linear axis of this length: where 0 lies on it, and how far from there 1 is."""
        zero = self.place(0.0)
        return length / 100 * zero, length / 100 * (self.place(1.0) - zero)

    def _powers(self, low: float, high: float) -> list[float]:
        lowest, highest = (math.floor(math.log(v / self.unit, self.base)) for v in (low, high))
        found = [self.unit * self.base**p for p in range(lowest, highest + 2)]
        inside = [v for v in found if low <= v <= high]
        return inside[:: max(1, -(-len(inside) // TICKS))]

    def _steps(self, low: float, high: float) -> list[float]:
        rough = (high - low) / TICKS or 1.0
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((r * power for r in ROUND if r * power >= rough), 10 * power)
        return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def round_bytes(size: float) -> str:
    """A round amount, without decimals that are zero.

    >>> round_bytes(4 * 2**30), round_bytes(2.5 * 2**20)
    ('4 GiB', '2.5 MiB')
    """
    number, unit = format_bytes(size).split()
    return f"{float(number):g} {unit}"
