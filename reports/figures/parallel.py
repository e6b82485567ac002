"""Parallel coordinates: each full trial is a line through its hyperparameters to its loss.

Drawn as plain lines: Plotly's own trace needs WebGL and code made at run time, which the page's policy forbids.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import canvas
from reports.figures.groups import GROUPS
from reports.frames import rows
from reports.numbers import finite, thin
from reports.table import Column, Table
from reports.theme import LIGHT

KNOBS: dict[str, tuple[str, words.Show]] = {
    "learning_rate": ("learning rate", words.rate),
    "dropout": ("dropout", words.decimal),
    "weight_decay": ("weight decay", words.decimal),
    "batch": ("batch", words.whole),
    "depth": ("depth", words.whole),
    "d_model": ("width", words.whole),
    "schedule": ("schedule", words.text),
    "value": ("loss", words.loss),
}
NAMES = ("schedule",)  # in no order
LOGARITHMIC = ("learning_rate", "d_model", "batch")
SHOWN = ("complete", "best")
BETTER = 0.25  # share of the trials that is drawn strong
MAX_LINES = 100


@dataclass(frozen=True, kw_only=True)
class Line:
    """One trial, with its place on each axis in 0..1."""

    number: int
    group: str
    values: tuple[Any, ...]
    heights: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """Lines of full trials, the best first, over the `axes` whose values differ; the loss is the last of them."""

    axes: tuple[str, ...]
    marks: tuple[tuple[Any, ...], ...]  # lowest and highest value of each; of names all
    lines: tuple[Line, ...]

    @property
    def better(self) -> tuple[Line, ...]:
        """The best quarter, two at least: one alone agrees with itself."""
        return self.lines[: max(2, math.ceil(BETTER * len(self.lines)))]

    @property
    def title(self) -> str:
        """The finding: the axis on which the best quarter is closest together."""
        widths = {
            name: max(line.heights[i] for line in self.better) - min(line.heights[i] for line in self.better)
            for i, name in enumerate(self.axes[:-1])
        }
        name = min(widths, key=lambda name: widths[name])
        values = [line.values[self.axes.index(name)] for line in self.better]
        noun, show = KNOBS[name]
        low, high = show(min(values)), show(max(values))
        where = f"at {low}" if low == high else f"from {low} to {high}"
        return f"The best {len(self.better)} of {len(self.lines)} full trials agree most on {noun}: {where}"

    @property
    def caption(self) -> str:
        """How to read it."""
        logs = words.listed([KNOBS[name][0] for name in self.axes if name in LOGARITHMIC])
        return (
            "Each line is a full trial, from its hyperparameters to its loss; the best quarter is drawn strong. Every"
            f" axis goes from its lowest to its highest value, {logs} in logarithms."
        )

    @property
    def table(self) -> Table:
        """The trials, the best first."""
        columns = [Column(name="trial", show=words.whole)] + [
            Column(name=KNOBS[name][0], show=KNOBS[name][1]) for name in self.axes
        ]
        return Table.of(columns, ((line.number, *line.values) for line in self.lines), limit=30)

    def draw(self) -> go.Figure:
        """The figure."""
        rest = self.lines[len(self.better) :]
        figure = canvas(
            [
                self._traces("other full trials", thin(rest, MAX_LINES), LIGHT.line, 1.2),
                self._traces("best quarter", list(self.better[1:]), LIGHT.complete, 1.8),
                self._traces("best", list(self.better[:1]), GROUPS["best"].color, 3),
            ],
            x={
                "tickvals": list(range(len(self.axes))), "ticktext": [KNOBS[name][0] for name in self.axes],
                "range": [-0.35, len(self.axes) - 0.65], "showgrid": True, "showline": False,
            },
            y={"visible": False, "range": [-0.09, 1.09]},
        )  # fmt: skip
        for i, (name, marks) in enumerate(zip(self.axes, self.marks, strict=True)):
            for value in marks:
                height = _height(name, value, marks)
                figure.add_annotation(
                    x=i, y=height, text=KNOBS[name][1](value), showarrow=False, yshift=-11 if height == 0 else 11,
                    font={"size": 11, "color": LIGHT.muted}, bgcolor=LIGHT.surface,
                )  # fmt: skip
        return figure

    def _traces(self, name: str, lines: Sequence[Line], color: str, width: float) -> go.Scatter:
        """One trace for many lines, parted by gaps."""
        places = [*range(len(self.axes)), None]
        return go.Scatter(
            x=places * len(lines), y=[h for line in lines for h in (*line.heights, None)], mode="lines", name=name,
            customdata=[line.number for line in lines for _ in places], connectgaps=False,
            line={"color": color, "width": width}, hovertemplate="trial %{customdata}<extra></extra>",
        )  # fmt: skip


def info(trials: pd.DataFrame) -> Parallel:
    """From frames.trials. Raises MissingError when fewer than two full trials ended, or they are all alike."""
    done = [
        row for row in rows(trials[trials["group"].isin(SHOWN)])
        if row["state"] == "COMPLETE" and all(finite(row[name]) for name in KNOBS if name not in NAMES)
    ]  # fmt: skip
    done.sort(key=lambda row: (row["value"], row["number"]))
    axes = tuple(name for name in KNOBS if len({row[name] for row in done}) > 1)
    if len(done) < 2 or len(axes) < 2 or axes[-1] != "value":
        raise MissingError("Fewer than two full trials with different hyperparameters ended.")
    marks = tuple(_marks(name, {row[name] for row in done}) for name in axes)
    lines = tuple(
        Line(
            number=row["number"],
            group=row["group"],
            values=tuple(row[name] for name in axes),
            heights=tuple(_height(name, row[name], ends) for name, ends in zip(axes, marks, strict=True)),
        )
        for row in done
    )
    return Parallel(axes=axes, marks=marks, lines=lines)


def _marks(name: str, values: set[Any]) -> tuple[Any, ...]:
    """What is written on an axis, from below."""
    return tuple(sorted(values)) if name in NAMES else (min(values), max(values))


def _height(name: str, value: Any, marks: tuple[Any, ...]) -> float:
    """A value's place on its axis, in 0..1."""
    if name in NAMES:
        return marks.index(value) / (len(marks) - 1)
    low, high = marks
    if name in LOGARITHMIC and low > 0:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return float((value - low) / (high - low))
