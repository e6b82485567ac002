"""Final validation loss against each of the four hyperparameters that are tuned: where the good region lies."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, log_axis, panels
from reports.figures.groups import GROUPS
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table

TUNED = ("learning_rate", "dropout", "depth", "d_model")
NAMES = {"learning_rate": "learning rate", "dropout": "dropout", "depth": "depth", "d_model": "width (d_model)"}
SHOWN = ("best", "complete", "pruned")
NEAR = 0.02  # of the best loss
MAX_TICKS = 8


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A trial of the search: what was set, and the last validation loss [nats/token] seen."""

    number: int
    group: str
    loss: float
    point: tuple[float, ...]  # in the order of TUNED


@dataclass(frozen=True, kw_only=True)
class Slices:
    """All trials of the search that have a loss, the best first."""

    samples: tuple[Sample, ...]

    @property
    def finished(self) -> tuple[Sample, ...]:
        """Those that ran to their end."""
        return tuple(s for s in self.samples if s.group != "pruned")

    @property
    def near(self) -> tuple[Sample, ...]:
        """The finished trials within NEAR of the best."""
        return tuple(s for s in self.finished if s.loss <= self.finished[0].loss * (1 + NEAR))

    @property
    def title(self) -> str:
        """The finding."""
        rates = [s.point[0] for s in self.near]
        if len(self.finished) == 1:
            return "One trial of the search ran to its end: there is none to compare it with"
        if len(rates) < 2:
            return "The best trial stands alone: no other comes within 2 % of its loss"
        return (
            f"{len(rates)} trials come within 2 % of the best loss,"
            f" at learning rates from {words.rate(min(rates))} to {words.rate(max(rates))}"
        )

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            "The same trials four times, by learning rate, dropout, depth and width. A stopped trial shows the last"
            " loss seen before it was stopped, so it lies too high."
        )

    @property
    def table(self) -> Table:
        """The trials, the best first."""
        columns = (
            Column(name="trial", show=words.whole),
            Column(name="group", numeric=False),
            Column(name="loss", hint="nats/token", show=words.loss),
            Column(name="learning rate", show=words.column_rate),
            *(Column(name=NAMES[name], show=words.decimal) for name in TUNED[1:]),
        )
        return Table.of(columns, ((s.number, s.group, s.loss, *s.point) for s in self.samples), limit=30)

    def draw(self) -> go.Figure:
        """The figure."""
        figure = panels(rows=2, cols=2, shared_yaxes=True, horizontal_spacing=0.04, vertical_spacing=0.22)
        for i in range(len(TUNED)):
            row, col = i // 2 + 1, i % 2 + 1
            for group in SHOWN[::-1]:
                figure.add_trace(self._marks(group, i), row=row, col=col)
            figure.update_xaxes(self._axis(i), row=row, col=col)
        figure.update_yaxes(title_text="loss [nats/token]", col=1)
        figure.update_yaxes(range=self._frame())
        return figure.update_layout(height=520)

    def _axis(self, i: int) -> dict[str, Any]:
        values = sorted({s.point[i] for s in self.samples})
        if TUNED[i] == "learning_rate":
            return log_axis(NAMES[TUNED[i]], values, words.compact_rate)
        discrete = {"tickvals": values} if len(values) <= MAX_TICKS else {}
        return axis(NAMES[TUNED[i]], **(discrete if TUNED[i] in ("depth", "d_model") else {}))

    def _frame(self) -> list[float]:
        """Up to the worst finished trial and the median stopped one; what diverged may leave the frame."""
        low = self.samples[0].loss
        stopped = [s.loss for s in self.samples if s.group == "pruned"]
        high = max([s.loss for s in self.finished] + stopped[: len(stopped) // 2 + 1])
        span = max(high - low, 0.05)
        return [low - 0.08 * span, high + 0.15 * span]

    def _marks(self, group: str, i: int) -> go.Scatter:
        style, mine = GROUPS[group], [s for s in self.samples if s.group == group]
        return go.Scatter(
            x=[s.point[i] for s in mine], y=[s.loss for s in mine], customdata=[s.number for s in mine], mode="markers",
            name=style.label, legendgroup=group, showlegend=i == 0 and bool(mine),
            marker={"color": style.color, "symbol": style.symbol, "size": style.size},
            hovertemplate="trial %{customdata}<br>%{x:.4~g}<br>%{y:.3f} nats/token<extra></extra>",
        )  # fmt: skip


def info(trials: pd.DataFrame) -> Slices:
    """From frames.trials. Raises MissingError when no trial of the search finished."""
    samples = [
        Sample(number=row["number"], group=row["group"], loss=row["value"], point=tuple(row[name] for name in TUNED))
        for row in rows(trials[trials["group"].isin(SHOWN)])
        if all(finite(row[name]) for name in ("value", *TUNED))
    ]
    if all(s.group == "pruned" for s in samples):
        raise MissingError("No trial of the search ran to its end.")
    return Slices(samples=tuple(sorted(samples, key=lambda s: (s.loss, s.number))))
