"""Validation loss against a cost, parameters or FLOPs, and the front: trials that nothing beats in both."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, canvas, log_axis
from reports.figures.groups import GROUPS
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table
from reports.theme import LIGHT


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A column of the trials that is better when lower."""

    anchor: str
    column: str
    noun: str
    axis: str
    unit: str
    show: words.Show
    tick: Callable[[float], str]
    hover: str  # Plotly's format


PARAMETERS = Cost(
    anchor="parameters", column="parameters", noun="parameters", axis="parameters", unit=" parameters",
    show=words.count, tick=words.compact_count,
    hover="%{x:.3s} parameters",
)  # fmt: skip
FLOPS = Cost(
    anchor="flops", column="flops", noun="training compute", axis="training compute [FLOP]", unit="",
    show=words.flops, tick=words.compact_flops,
    hover="%{x:.3s}FLOP",
)  # fmt: skip
MEMORY = Cost(
    anchor="memory", column="memory_bytes", noun="memory", axis="predicted peak of a step [bytes]", unit="",
    show=words.size, tick=words.compact_bytes,
    hover="%{x:.3s}B",
)  # fmt: skip
SECONDS = Cost(
    anchor="seconds", column="seconds", noun="time", axis="time of the trial", unit="",
    show=words.seconds, tick=words.seconds,
    hover="%{x:.3s} s",
)  # fmt: skip
COSTS = (PARAMETERS, FLOPS, MEMORY, SECONDS)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One finished trial."""

    number: int
    group: str
    cost: float
    loss: float  # [nats/token]


@dataclass(frozen=True, kw_only=True)
class Pareto:
    """Finished trials in order of their cost, and the front among them."""

    cost: Cost
    points: tuple[Point, ...]
    front: tuple[Point, ...]

    @property
    def title(self) -> str:
        """The finding."""
        cheap, dear = self.front[0], self.front[-1]
        if len(self.points) == 1:
            return f"One trial ran to its end: loss {dear.loss:.3f} for {self.cost.show(dear.cost)}{self.cost.unit}"
        if cheap == dear:
            return f"Trial {dear.number} has the lowest loss of all and costs least"
        low, high = (self.cost.show(p.cost) + self.cost.unit for p in (cheap, dear))
        return f"{low} reach {cheap.loss:.3f}; {high} buy another {cheap.loss - dear.loss:.3f}"

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            f"Final validation loss of each finished trial against its {self.cost.noun}. The line joins the Pareto"
            " front: trials that no other one beats in both. Re-runs of the best and short runs are left out."
        )

    @property
    def table(self) -> Table:
        """The front."""
        columns = (
            Column(name="trial on the front", show=words.whole),
            Column(name="group", numeric=False),
            Column(name=self.cost.noun, show=self.cost.show),
            Column(name="validation loss", hint="nats/token", show=words.loss),
        )
        return Table.of(columns, ((p.number, p.group, p.cost, p.loss) for p in self.front))

    def draw(self) -> go.Figure:
        """The figure."""
        line = go.Scatter(
            x=[p.cost for p in self.front], y=[p.loss for p in self.front], mode="lines", name="Pareto front",
            line={"color": LIGHT.ink, "width": 1.5, "shape": "hv"}, hoverinfo="skip",
        )  # fmt: skip
        marks = [self._marks(group) for group in GROUPS if any(p.group == group for p in self.points)]
        x = log_axis(self.cost.axis, [p.cost for p in self.points], self.cost.tick)
        return canvas([line, *marks], x=x, y=axis("validation loss [nats/token]"))

    def _marks(self, group: str) -> go.Scatter:
        style, mine = GROUPS[group], [p for p in self.points if p.group == group]
        return go.Scatter(
            x=[p.cost for p in mine], y=[p.loss for p in mine], customdata=[p.number for p in mine], name=style.label,
            mode="markers", marker={"color": style.color, "symbol": style.symbol, "size": style.size + 2},
            hovertemplate=f"trial %{{customdata}}<br>{self.cost.hover}<br>%{{y:.3f}} nats/token<extra></extra>",
        )  # fmt: skip


def front(points: list[Point]) -> tuple[Point, ...]:
    """The points that no other point beats: none costs no more and loses no more, one of the two less. O(n log n)."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, p.loss, p.number)):
        if not kept or point.loss < kept[-1].loss or (point.cost, point.loss) == (kept[-1].cost, kept[-1].loss):
            kept.append(point)
    return tuple(kept)


def info(trials: pd.DataFrame, cost: Cost) -> Pareto:
    """From frames.trials. Raises MissingError when no trial finished."""
    finished = trials[(trials["state"] == "COMPLETE") & ~trials["group"].isin(("rerun", "short"))]
    points = [
        Point(number=row["number"], group=row["group"], cost=row[cost.column], loss=row["value"])
        for row in rows(finished)
        if finite(row["value"]) and finite(row[cost.column]) and row[cost.column] > 0
    ]
    if not points:
        raise MissingError("No trial ran to its end, so there is no final loss to set against its cost.")
    return Pareto(cost=cost, points=tuple(sorted(points, key=lambda p: p.cost)), front=front(points))
