"""Validation loss against a cost, parameters or FLOPs, and the front: trials that nothing beats in both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

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

NAMED = 12  # trials of the front that the caption names
RING = 19  # [px]


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
TOKEN_FLOPS = Cost(
    anchor="token-flops", column="costs.flops", noun="compute per token", axis="training compute per token [FLOP]",
    unit=" per token", show=words.flops, tick=words.compact_flops,
    hover="%{x:.3s}FLOP per token",
)  # fmt: skip
LATENCY = Cost(
    anchor="latency", column="costs.latency", noun="latency", axis="predicted latency of one sequence", unit="",
    show=words.milliseconds, tick=words.milliseconds,
    hover="%{x:.3s}s",
)  # fmt: skip
COSTS = (PARAMETERS, FLOPS, MEMORY, SECONDS)
OBJECTIVES = {"parameters": PARAMETERS, "memory": MEMORY, "flops": TOKEN_FLOPS, "latency": LATENCY}


def costs_of(objectives: Sequence[str]) -> tuple[Cost, ...]:
    """What losses are set against: first what the study is to make small beside them."""
    return tuple(dict.fromkeys([*(OBJECTIVES[name] for name in objectives if name in OBJECTIVES), *COSTS]))


@dataclass(frozen=True, kw_only=True)
class Point:
    """One finished trial."""

    number: int
    group: str
    cost: float
    loss: float  # [nats/token]
    asked: bool = False  # on the front of all the study's objectives


@dataclass(frozen=True, kw_only=True)
class Pareto:
    """Finished trials in order of their cost, and the front among them."""

    cost: Cost
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    objectives: tuple[str, ...] = ("loss",)

    @property
    def asked(self) -> tuple[Point, ...]:
        """The front of all the study's objectives, the lowest loss first; none where the loss is the only one."""
        return tuple(sorted((p for p in self.points if p.asked), key=lambda p: (p.loss, p.number)))

    @property
    def title(self) -> str:
        """The finding."""
        cheap, dear = self.front[0], self.front[-1]
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
            f"{self._covered}{self._asked_for}"
        )

    @property
    def _covered(self) -> str:
        """The hypervolume, in words; nothing where all trials are alike in one of both."""
        share = hypervolume(self.front, self.points)
        if share is None:
            return ""
        whole = f"the rectangle from the least to the greatest {self.cost.noun} and loss of these trials"
        return f" It dominates {share:.0%} of {whole} (its hypervolume)."

    @property
    def _asked_for(self) -> str:
        """The front that the study looked for, in words."""
        if not self.asked:
            return ""
        numbers = words.listed([f"{p.number}" for p in self.asked[:NAMED]])
        more = f" and {len(self.asked) - NAMED} more" if len(self.asked) > NAMED else ""
        names = words.listed(["loss", *(OBJECTIVES[name].noun for name in self.objectives if name in OBJECTIVES)])
        whose = f"trials {numbers}{more}" if len(self.asked) > 1 else f"trial {numbers}"
        return f" Ringed is the front of {names}, which the study was to find: {whose}."

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
        return canvas([line, *marks, *self._rings()], x=x, y=axis("validation loss [nats/token]"))

    def _rings(self) -> list[go.Scatter]:
        """Around the front of all objectives."""
        if not self.asked:
            return []
        ring = {"color": LIGHT.ink, "symbol": "circle-open", "size": RING, "line": {"width": 1.5}}
        found = go.Scatter(
            x=[p.cost for p in self.asked], y=[p.loss for p in self.asked], name="front of all objectives",
            mode="markers", marker=ring, hoverinfo="skip",
        )  # fmt: skip
        return [found]

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


def hypervolume(found: Sequence[Point], points: Sequence[Point]) -> float | None:
    """Share of the rectangle around all points in which the front, by ascending cost, has a point that is no worse.

    Zitzler & Thiele 1998, "Multiobjective optimization using evolutionary algorithms"; its reference point is the worst
    corner of the rectangle. None for a rectangle without area.
    """
    costs, losses = [p.cost for p in points], [p.loss for p in points]
    whole = (max(costs) - min(costs)) * (max(losses) - min(losses))
    if not whole:
        return None
    ends = pairwise([*(p.cost for p in found), max(costs)])
    covered = ((dearer - cost) * (max(losses) - point.loss) for (cost, dearer), point in zip(ends, found, strict=True))
    return sum(covered) / whole


def info(trials: pd.DataFrame, cost: Cost, objectives: tuple[str, ...] = ("loss",)) -> Pareto:
    """From frames.trials. Raises MissingError when fewer than two trials finished."""
    finished = trials[(trials["state"] == "COMPLETE") & ~trials["group"].isin(("rerun", "short"))]
    points = [
        Point(number=row["number"], group=row["group"], cost=row[cost.column], loss=row["value"], asked=row["on_front"])
        for row in rows(finished)
        if finite(row["value"]) and finite(row[cost.column]) and row[cost.column] > 0
    ]
    if not points:
        raise MissingError("No trial ran to its end, so there is no final loss to set against its cost.")
    if len(points) == 1:
        raise MissingError(f"One trial ran to its end, so there is none to set its {cost.noun} against.")
    return Pareto(
        cost=cost, points=tuple(sorted(points, key=lambda p: p.cost)), front=front(points), objectives=objectives
    )
