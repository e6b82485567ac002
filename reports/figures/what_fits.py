"""Parameters against memory: which of the candidates fit the GPU."""

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from advisor.units import GIB, format_bytes, format_count
from reports import words
from reports.card import MissingError
from reports.figures.canvas import canvas, label, level, log_axis
from reports.frames import CANDIDATE, Target, rows
from reports.numbers import thin
from reports.table import Column, Table
from reports.theme import LIGHT

LIMITS = {  # what speaks against a config -> its name in the legend, color and symbol
    "memory": ("too large for the memory", LIGHT.pruned, "x-thin-open"),
    "time": ("limited by time", LIGHT.default, "diamond"),
    "size": ("limited by its size", LIGHT.complete, "circle"),
    "": ("as good as the best", LIGHT.rerun, "square"),
    "other": ("fits", LIGHT.muted, "circle-open"),
}
MAX_DRAWN = 600
MAX_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A config that was weighed; `limited_by` names what holds it back."""

    name: str
    d_model: int
    depth: int
    heads: int
    parameters: int
    memory_bytes: int
    limited_by: str
    fits: bool


@dataclass(frozen=True, kw_only=True)
class WhatFits:
    """The candidates that are not proposed, and the proposals, which fit; each in order of their parameters."""

    target: Target
    candidates: tuple[Candidate, ...]
    proposals: tuple[Candidate, ...]

    @property
    def fitting(self) -> tuple[Candidate, ...]:
        """All that fit, proposed or not, the largest last."""
        found = [*(c for c in self.candidates if c.fits), *self.proposals]
        return tuple(sorted(found, key=lambda c: c.parameters))

    @property
    def shown(self) -> int:
        """How many configs the figure shows."""
        return len(self.candidates) + len(self.proposals)

    @property
    def title(self) -> str:
        """The finding."""
        gpu = words.text(self.target.gpu or "GPU")
        if not self.fitting:
            return f"None of {words.many(self.shown, 'config')} fits the {gpu}"
        largest = self.fitting[-1]
        return (
            f"The largest config here that fits the {gpu} has {format_count(largest.parameters)} parameters"
            f" and takes {format_bytes(largest.memory_bytes)}"
        )

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            f"Of the {self.shown:,} configs shown {len(self.fitting):,} fit, a safety margin kept free; where there are"
            " many, this is a sample of them. What limits a config is what would have to grow for it to be the best:"
            " memory, the time to train it, or its own size. The memory is the peak of one training step; batches may"
            " differ."
        )

    @property
    def table(self) -> Table:
        """The largest that fit."""
        columns = (
            Column(name="config", numeric=False),
            Column(name="width", hint="d_model"),
            Column(name="depth", hint="layers"),
            Column(name="heads"),
            Column(name="parameters", show=words.count),
            Column(name="memory", hint="peak", show=words.size),
            Column(name="limited by", numeric=False),
        )
        largest_first = (
            (c.name, c.d_model, c.depth, c.heads, c.parameters, c.memory_bytes, c.limited_by)
            for c in reversed(self.fitting)
        )
        return Table.of(columns, largest_first, limit=MAX_ROWS)

    def draw(self) -> go.Figure:
        """The figure."""
        figure = canvas(
            [
                *(
                    _marks(name, [c for c in self.candidates if _limit(c) == limit], color, symbol, 7)
                    for limit, (name, color, symbol) in LIMITS.items()
                    if any(_limit(c) == limit for c in self.candidates)
                ),
                _marks("proposed", list(self.proposals), LIGHT.best, "star", 14),
            ],
            x=log_axis("parameters", [c.parameters for c in self._all], words.compact_count),
            y=log_axis("peak memory of a step [GiB]", self._memories(), "{:g}".format),
        )
        if self.target.memory_bytes:
            gpu = f"{label(self.target.gpu)}: {format_bytes(self.target.memory_bytes)}"
            level(figure, self.target.memory_bytes / GIB, gpu)
        return figure

    @property
    def _all(self) -> tuple[Candidate, ...]:
        return self.candidates + self.proposals

    def _memories(self) -> list[float]:
        limit = [self.target.memory_bytes] if self.target.memory_bytes else []
        return [n / GIB for n in [*limit, *(c.memory_bytes for c in self._all)]]


def _marks(name: str, candidates: list[Candidate], color: str, symbol: str, size: int) -> go.Scatter:
    shown = thin(candidates, MAX_DRAWN)
    return go.Scatter(
        name=name, mode="markers", marker={"color": color, "symbol": symbol, "size": size},
        x=[c.parameters for c in shown], y=[c.memory_bytes / GIB for c in shown],
        text=[_hover(c) for c in shown], hoverinfo="text",
    )  # fmt: skip


def _limit(c: Candidate) -> str:
    """Which of LIMITS; what does not fit is limited by memory, whatever else."""
    return "memory" if not c.fits else c.limited_by if c.limited_by in ("time", "size", "") else "other"


def _hover(c: Candidate) -> str:
    shape = f"depth {c.depth}, width {c.d_model}, heads {c.heads}"
    numbers = f"{format_count(c.parameters)} parameters, {format_bytes(c.memory_bytes)}"
    return f"{label(c.name)}<br>{shape}<br>{numbers}<br>limited by {label(c.limited_by)}"


def info(candidates: pd.DataFrame, proposals: pd.DataFrame, target: Target) -> WhatFits:
    """From frames.candidates. Raises MissingError when there are none."""
    if candidates.empty:
        raise MissingError("This study names no target GPU, so there is nothing that could fit it or not.")
    names = set(proposals["name"])
    others = [Candidate(**row) for row in rows(candidates) if row["name"] not in names]
    proposed = [Candidate(**{key: row[key] for key in CANDIDATE[:-1]}, fits=True) for row in rows(proposals)]
    return WhatFits(target=target, candidates=_ordered(others), proposals=_ordered(proposed))


def _ordered(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda c: (c.parameters, c.memory_bytes, c.name)))
