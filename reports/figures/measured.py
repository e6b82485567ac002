"""Predicted beside measured: memory and time of every trial where the device could tell."""

from dataclasses import dataclass
from statistics import median

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import log_axis, panels
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table
from reports.theme import LIGHT


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One trial's prediction and what came of it."""

    number: int
    predicted: float
    measured: float


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What was predicted, how it is shown, and the trials that measured it."""

    name: str
    show: words.Show
    tick: words.Show
    pairs: tuple[Pair, ...]

    @property
    def error(self) -> float:
        """The median of the relative errors."""
        return median(abs(p.measured / p.predicted - 1) for p in self.pairs)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The quantities that any trial measured."""

    quantities: tuple[Quantity, ...]

    @property
    def title(self) -> str:
        """The finding."""
        errors = [
            f"{q.name} by {words.percent(q.error)} ({words.many(len(q.pairs), 'trial')})" for q in self.quantities
        ]
        return f"In the median, predictions missed the measured {words.listed(errors)}"

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            "Each mark is a trial that ran to its end; on the line, the two agree. Memory is what the"
            " device's allocator counted, which a CPU's does not; time is the whole trial, start-up included. No loss"
            " was predicted for a trial: scaling laws hold for far larger models."
        )

    @property
    def table(self) -> Table:
        """All pairs."""
        columns = (
            Column(name="quantity", numeric=False),
            Column(name="trial", show=words.whole),
            Column(name="predicted", numeric=False),
            Column(name="measured", numeric=False),
            Column(name="measured / predicted", show=words.decimal),
        )
        found = (
            (q.name, p.number, q.show(p.predicted), q.show(p.measured), p.measured / p.predicted)
            for q in self.quantities for p in q.pairs
        )  # fmt: skip
        return Table.of(columns, found, limit=40)

    def draw(self) -> go.Figure:
        """The figure."""
        figure = panels(rows=1, cols=len(self.quantities), horizontal_spacing=0.12)
        for col, q in enumerate(self.quantities, 1):
            values = [value for p in q.pairs for value in (p.predicted, p.measured)]
            ends = [min(values), max(values)]
            figure.add_trace(_line(ends), row=1, col=col)
            figure.add_trace(_marks(q), row=1, col=col)
            figure.update_xaxes(log_axis(f"{q.name}, predicted", values, q.tick), row=1, col=col)
            figure.update_yaxes(log_axis(f"{q.name}, measured", values, q.tick), row=1, col=col)
        return figure.update_layout(showlegend=False)


def _line(ends: list[float]) -> go.Scatter:
    return go.Scatter(x=ends, y=ends, mode="lines", line={"color": LIGHT.muted, "width": 1}, hoverinfo="skip")


def _marks(q: Quantity) -> go.Scatter:
    return go.Scatter(
        x=[p.predicted for p in q.pairs], y=[p.measured for p in q.pairs], mode="markers", hoverinfo="text",
        text=[f"trial {p.number}<br>{q.show(p.predicted)} predicted, {q.show(p.measured)} measured" for p in q.pairs],
        marker={"color": LIGHT.complete, "size": 8},
    )  # fmt: skip


def info(trials: pd.DataFrame) -> Measured:
    """From frames.trials. Raises MissingError when no trial was both predicted and measured."""
    done = rows(trials[trials["state"] == "COMPLETE"])
    found = (
        Quantity(
            name="memory", show=words.size, tick=words.compact_bytes,
            pairs=_pairs(done, "memory_bytes", "measured_memory_bytes"),
        ),
        Quantity(
            name="time", show=words.seconds, tick=words.seconds, pairs=_pairs(done, "predicted_seconds", "seconds")
        ),
    )  # fmt: skip
    measured = tuple(q for q in found if q.pairs)
    if not measured:
        raise MissingError("No trial that ran to its end was both predicted and measured.")
    return Measured(quantities=measured)


def _pairs(done: list[dict[str, object]], predicted: str, measured: str) -> tuple[Pair, ...]:
    return tuple(
        Pair(number=row["number"], predicted=row[predicted], measured=row[measured])  # type: ignore[arg-type]
        for row in done
        if finite(row[predicted]) and finite(row[measured]) and row[predicted] and row[measured]
    )
