"""Predicted loss against hours of training and against memory: the Pareto front of everything that fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from advisor.units import GIB
from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, label, log_axis, panels
from reports.frames import Target, rows
from reports.numbers import finite
from reports.table import Column, Table
from reports.theme import LIGHT

MAX_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class Point:
    """A config after some hours of training."""

    name: str
    hours: float | None
    memory_bytes: int
    loss: float  # predicted [nats/token]


@dataclass(frozen=True, kw_only=True)
class Front:
    """Points that no other one beats in loss, hours and memory at once; and the proposals."""

    target: Target
    points: tuple[Point, ...]
    proposals: tuple[Point, ...]

    @property
    def timed(self) -> bool:
        """Whether hours are known."""
        return all(p.hours is not None for p in self.points)

    @property
    def title(self) -> str:
        """The finding: what the shortest and the longest training reach."""
        best = min(self.points, key=lambda p: p.loss)
        if not self.timed:
            frugal = min(self.points, key=lambda p: p.memory_bytes)
            return (
                f"{words.size(frugal.memory_bytes)} of memory reach a predicted {frugal.loss:.3f},"
                f" {words.size(best.memory_bytes)} reach {best.loss:.3f}"
            )
        shortest = min(p.hours or 0.0 for p in self.points)
        quick = min((p for p in self.points if (p.hours or 0.0) <= 1.01 * shortest), key=lambda p: p.loss)
        return (
            f"{words.hours(quick.hours)} of training reach a predicted loss of {quick.loss:.3f},"
            f" {words.hours(best.hours)} reach {best.loss:.3f}"
        )

    @property
    def caption(self) -> str:
        """How to read it."""
        hours = "against the hours of training and " if self.timed else ""
        return (
            f"Predicted loss {hours}against the peak memory of a step, of configs that fit the"
            f" {words.text(self.target.gpu)} and that no other one beats in all at once; stars are the proposals. A"
            " prediction of a scaling law, to rank by, on the text that the law was fitted to."
        )

    @property
    def table(self) -> Table:
        """The best of the front."""
        columns = (
            Column(name="config", numeric=False),
            Column(name="hours", hint="of training", show=words.decimal),
            Column(name="peak memory", show=words.size),
            Column(name="predicted loss", hint="nats/token", show=words.loss),
        )
        ordered = sorted(self.points, key=lambda p: (p.loss, p.memory_bytes))
        return Table.of(columns, ((p.name, p.hours, p.memory_bytes, p.loss) for p in ordered), limit=MAX_ROWS)

    def draw(self) -> go.Figure:
        """The figure."""
        figure = panels(rows=1, cols=1 + self.timed, shared_yaxes=True, horizontal_spacing=0.05)
        if self.timed:
            hours = [p.hours or 0.0 for p in (*self.points, *self.proposals)]
            self._panel(figure, 1, [p.hours for p in self.points], [p.hours for p in self.proposals])
            figure.update_xaxes(log_axis("training [h]", hours, "{:g}".format), row=1, col=1)
        col = 1 + self.timed
        sizes = [[p.memory_bytes / GIB for p in points] for points in (self.points, self.proposals)]
        self._panel(figure, col, *sizes)
        memory = log_axis("peak memory [GiB]", [*sizes[0], *sizes[1]], "{:g}".format)
        figure.update_xaxes(memory, row=1, col=col)
        figure.update_yaxes(axis("predicted loss [nats/token]"), row=1, col=1)
        return figure

    def _panel(self, figure: go.Figure, col: int, points: Sequence[Any], proposals: Sequence[Any]) -> None:
        for name, x, shown, color, symbol, size in (
            ("on the front", points, self.points, LIGHT.complete, "circle", 6),
            ("proposed", proposals, self.proposals, LIGHT.best, "star", 14),
        ):
            marks = go.Scatter(
                x=x, y=[p.loss for p in shown], name=name, mode="markers", legendgroup=name, showlegend=col == 1,
                marker={"color": color, "symbol": symbol, "size": size}, hoverinfo="text",
                text=[_hover(p) for p in shown],
            )  # fmt: skip
            figure.add_trace(marks, row=1, col=col)


def _hover(p: Point) -> str:
    hours = f", {words.hours(p.hours)}" if p.hours is not None else ""
    return f"{label(p.name)}<br>{words.size(p.memory_bytes)}{hours}<br>{p.loss:.3f} nats/token, predicted"


def info(front: pd.DataFrame, proposals: pd.DataFrame, target: Target) -> Front:
    """From frames.front and frames.proposals. Raises MissingError when there is no front."""
    points, proposed = _points(front), _points(proposals)
    if not points:
        raise MissingError("No GPU was asked about, or the study is of a version that kept no Pareto front.")
    return Front(target=target, points=points, proposals=proposed)


def _points(frame: pd.DataFrame) -> tuple[Point, ...]:
    return tuple(
        Point(
            name=str(row["name"]),
            hours=row["hours"] if finite(row["hours"]) else None,
            memory_bytes=row["memory_bytes"],
            loss=row["predicted_loss"],
        )
        for row in rows(frame)
        if finite(row["memory_bytes"]) and finite(row["predicted_loss"])
    )
