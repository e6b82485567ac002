"""The memory of one training step as a drawing: level by level, under the line that is the GPU's memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from advisor.http.pages.axis import round_bytes
from advisor.ledger.readings import Moment
from advisor.units import format_bytes

WIDE, HIGH = 1000, 1000  # of the coordinates that paths are drawn in; the page stretches them
ROOM = 1.08  # above the highest level
NARROW = 12.0  # of 100: a phase whose name needs more room than it has


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A grid line at `y` percent from the top."""

    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """A phase of the step, from `x` percent, `width` percent wide."""

    x: float
    width: float
    name: str
    peak: str

    @property
    def is_narrow(self) -> bool:
        """Whether its name does not fit above it."""
        return self.width < NARROW


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Coordinates in percent; `line` and `area` are paths in WIDE x HIGH."""

    line: str
    area: str
    bands: tuple[Band, ...]
    ticks: tuple[Tick, ...]
    limit: Tick | None  # the GPU's memory; None where it lies far above
    peak: Tick
    peak_x: float
    finding: str  # the title, in words


def draw(moments: Sequence[Moment], limit_bytes: int, limit_name: str) -> Drawing:
    """The drawing of the moments of a step, in their order; the y axis reaches the limit unless it is out of sight."""
    peak = max(range(len(moments)), key=lambda i: moments[i].bytes)
    highest = moments[peak].bytes
    seen = limit_bytes <= 4 * highest
    top = ROOM * max(highest, limit_bytes if seen else 0)
    xs = [i * WIDE / len(moments) for i in range(len(moments) + 1)]
    ys = [HIGH * (1 - m.bytes / top) for m in moments]
    line = " ".join(f"{'M' if i == 0 else 'L'}{xs[i]:.1f} {y:.1f} H{xs[i + 1]:.1f}" for i, y in enumerate(ys))
    return Drawing(
        line=line,
        area=f"{line} V{HIGH} H0 Z",
        bands=tuple(_bands(moments)),
        ticks=tuple(Tick(y=100 * (1 - level / top), text=round_bytes(level)) for level in _levels(top)),
        limit=Tick(y=100 * (1 - limit_bytes / top), text=f"{limit_name}: {format_bytes(limit_bytes)}")
        if seen
        else None,
        peak=Tick(y=ys[peak] / HIGH * 100, text=moments[peak].op),
        peak_x=100 * (peak + 0.5) / len(moments),
        finding=f"Memory peaks at {format_bytes(highest)}, in {moments[peak].phase} at {moments[peak].op}",
    )


def _bands(moments: Sequence[Moment]) -> list[Band]:
    found, start = [], 0
    for phase, part in groupby(moments, key=lambda m: m.phase):
        inside = list(part)
        x, width = (100 * n / len(moments) for n in (start, len(inside)))
        found.append(Band(x=x, width=width, name=phase, peak=format_bytes(max(m.bytes for m in inside))))
        start += len(inside)
    return found


def _levels(top: float) -> list[float]:
    """Three to six round amounts below `top` [bytes], in binary units."""
    unit = 2.0 ** (10 * math.floor(math.log2(top) / 10)) if top >= 1 else 1.0
    step = next(s * unit for s in (*(2.0**i / 16 for i in range(15)),) if top / (s * unit) < 6)
    return [step * i for i in range(1, int(top / step) + 1)]
