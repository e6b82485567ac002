"""The lowest loss so far, against wall-clock and against compute: when the search was over."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, panels
from reports.figures.groups import GROUPS
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table
from reports.theme import LIGHT

COUNTED = ("default", "complete", "best")  # full trials, but for re-runs of the winner
FEW: dict[str, Any] = {"tickangle": 0, "nticks": 5}  # ticks that have room on a phone, too


@dataclass(frozen=True, kw_only=True)
class Step:
    """A full trial when it ended, and the best loss until then."""

    number: int
    group: str
    seconds: float  # since the study began
    flops: float  # spent by all trials that had ended
    loss: float  # [nats/token]
    best: float


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Steps in the order in which trials ended; `seconds` and `flops` are the whole study's."""

    steps: tuple[Step, ...]
    seconds: float
    flops: float

    @property
    def last(self) -> Step:
        """The trial that set it."""
        return next(step for step in self.steps if step.best == self.steps[-1].best)

    @property
    def title(self) -> str:
        """The finding."""
        last = self.last
        share = words.percent(last.seconds / self.seconds)
        return f"The lowest loss, {last.best:.3f}, was there after {words.seconds(last.seconds)}, {share} of the study"

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            f"The lowest validation loss of any full trial so far, against time since the study began and against the"
            f" compute of all {words.flops(self.flops)} that its trials spent, short and stopped ones included."
        )

    @property
    def table(self) -> Table:
        """Each improvement."""
        columns = (
            Column(name="trial", show=words.whole),
            Column(name="after", show=words.seconds),
            Column(name="compute", hint="of all trials", show=words.flops),
            Column(name="best loss", hint="nats/token", show=words.loss),
        )
        better = (s for s in self.steps if s.loss == s.best)
        return Table.of(columns, ((s.number, s.seconds, s.flops, s.best) for s in better))

    def draw(self) -> go.Figure:
        """The figure."""
        figure = panels(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.05)
        ends = (("seconds", self.seconds), ("flops", self.flops))
        for col, (column, end) in enumerate(ends, 1):
            figure.add_trace(self._line(column, end, col), row=1, col=col)
            figure.add_trace(self._marks(column, col), row=1, col=col)
        figure.update_xaxes(axis("time [s]", rangemode="tozero", **FEW), row=1, col=1)
        figure.update_xaxes(axis("compute [FLOP]", rangemode="tozero", exponentformat="SI", **FEW), row=1, col=2)
        figure.update_yaxes(axis("validation loss [nats/token]", range=self._frame()), row=1, col=1)
        return figure.update_layout(height=340)

    def _line(self, column: str, end: float, col: int) -> go.Scatter:
        x = [*(getattr(step, column) for step in self.steps), end]
        return go.Scatter(
            x=x, y=[*(step.best for step in self.steps), self.steps[-1].best], mode="lines", name="best so far",
            line={"color": LIGHT.best, "width": 2.2, "shape": "hv"}, hoverinfo="skip", showlegend=col == 1,
        )  # fmt: skip

    def _marks(self, column: str, col: int) -> go.Scatter:
        style = GROUPS["complete"]
        return go.Scatter(
            x=[getattr(step, column) for step in self.steps], y=[step.loss for step in self.steps], mode="markers",
            customdata=[step.number for step in self.steps], name="full trial", showlegend=col == 1,
            marker={"color": style.color, "symbol": style.symbol, "size": 7},
            hovertemplate="trial %{customdata}<br>%{y:.3f} nats/token<extra></extra>",
        )  # fmt: skip

    def _frame(self) -> list[float]:
        losses = [step.loss for step in self.steps]
        pad = 0.08 * max(max(losses) - min(losses), 0.05)
        return [min(losses) - pad, max(losses) + pad]


def info(trials: pd.DataFrame, spent_seconds: float) -> Progress:
    """From frames.trials. Raises MissingError when no full trial ended."""
    ended = sorted(rows(trials), key=lambda row: (row["started"] + row["seconds"], row["number"]))
    spent = list(accumulate(row["flops"] or 0.0 for row in ended))
    full = [
        (row, flops) for row, flops in zip(ended, spent, strict=True)
        if row["group"] in COUNTED and row["state"] == "COMPLETE" and finite(row["value"])
    ]  # fmt: skip
    if not full:
        raise MissingError("No full trial ran to its end.")
    lowest = accumulate((row["value"] for row, _ in full), min)
    steps = tuple(
        Step(
            number=row["number"], group=row["group"], seconds=row["started"] + row["seconds"], flops=flops,
            loss=row["value"], best=best,
        )
        for (row, flops), best in zip(full, lowest, strict=True)
    )  # fmt: skip
    return Progress(steps=steps, seconds=max(spent_seconds, steps[-1].seconds), flops=spent[-1])
