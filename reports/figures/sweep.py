"""One LR range test: loss against learning rate, and below it, on the same axis, what each rule reads off it."""

import math
from dataclasses import dataclass

import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, label, log_axis, panels
from reports.numbers import finite, thin
from reports.table import Column, Table
from reports.theme import LIGHT
from studies.records import SweepRecord

MAX_POINTS = 200
EDGE = "edge"  # the rule beyond which the search does not go (studies.records.SweepRecord)
NAMES = {EDGE: "edge of stability"}


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Points in order of the learning rate; `rules` without those that found nothing."""

    learning_rates: tuple[float, ...]
    losses: tuple[float, ...]  # [nats/token]
    smoothed: tuple[float, ...]  # [nats/token]
    rules: dict[str, float]  # -> learning rate
    low: float
    high: float
    verdict: str
    restored: bool
    model: str
    centre: float | None  # the answer: what the search begins with; None: no answer
    interval: tuple[float, float] | None = None

    @property
    def title(self) -> str:
        """The finding."""
        edge = self.rules.get(EDGE)
        if not self.rules:
            return "The sweep found no learning rate: no rule could be read off it"
        if self.centre is None:
            return "The sweep names no learning rate, only bounds: its rules disagree, or the loss did not fall"
        ends = f" ({words.rate(self.interval[0])} to {words.rate(self.interval[1])})" if self.interval else ""
        where = f"near {words.rate(self.centre)}{ends}"
        unstable = f"; training turns unstable at {words.rate(edge)}" if edge else ""
        return f"The sweep puts the learning rate {where}{unstable}"

    @property
    def caption(self) -> str:
        """How to read it."""
        restored = (
            "Model, optimizer, random state and data position were restored byte for byte afterwards."
            if self.restored
            else "The state before the sweep was NOT restored byte for byte: do not trust trials that followed it."
        )
        return (
            f"{words.sentence(self.verdict)} On {self.model}; dots are single steps, the line is smoothed; the shaded"
            f" band, {words.rate(self.low)} to {words.rate(self.high)}, is handed to the search as bounds. {restored}"
        )

    @property
    def table(self) -> Table:
        """What each rule says, the lowest learning rate first."""
        columns = (
            Column(name="rule", numeric=False),
            Column(name="learning rate", show=words.column_rate),
            Column(name="octaves from the answer", show=words.signed),
        )
        ordered = sorted(self.rules.items(), key=lambda item: item[1])
        return Table.of(
            columns, ((NAMES.get(n, n), r, math.log2(r / self.centre) if self.centre else None) for n, r in ordered)
        )

    def draw(self) -> go.Figure:
        """The figure."""
        figure = panels(rows=2, cols=1, shared_xaxes=True, row_heights=[0.66, 0.34], vertical_spacing=0.05)
        figure.add_traces([self._dots(), self._line()], rows=[1, 1], cols=[1, 1])
        figure.add_trace(self._rules(), row=2, col=1)
        for row in (1, 2):
            figure.add_vrect(
                x0=self.low, x1=self.high, fillcolor=LIGHT.band, line_width=0, layer="below", row=row, col=1
            )
            for rate, color, dash in ((self.centre, LIGHT.best, "solid"), (self.rules.get(EDGE), LIGHT.limit, "dash")):
                if rate is not None:
                    figure.add_vline(x=rate, line={"color": color, "width": 1.5, "dash": dash}, row=row, col=1)
        figure.update_xaxes(log_axis("", self.learning_rates, words.compact_rate))
        figure.update_xaxes(title_text="learning rate", row=2, col=1)
        figure.update_yaxes(axis("loss [nats/token]", range=self._frame()), row=1, col=1)
        figure.update_yaxes(axis("", showgrid=True, dtick=1), row=2, col=1)
        if self.centre is not None:
            figure.add_trace(self._answer(self.centre), row=2, col=1)
        return figure.update_layout(height=500)

    def _answer(self, centre: float) -> go.Scatter:
        """The answer, with its interval."""
        low, high = self.interval or (centre, centre)
        bar = {"array": [high - centre], "arrayminus": [centre - low], "color": LIGHT.best, "thickness": 2}
        return go.Scatter(
            x=[centre], y=["the answer"], error_x={"type": "data", **bar}, mode="markers", showlegend=False,
            marker={"size": 11, "symbol": "square", "color": LIGHT.best}, hovertemplate="%{x:.2e}<extra></extra>",
        )  # fmt: skip

    def _frame(self) -> list[float]:
        """Losses up to a little above the start: what lies beyond has diverged and would flatten the rest."""
        low, start = min(self.smoothed), self.smoothed[0]
        pad = 0.15 * max(start - low, 0.1)
        return [low - pad, start + 2 * pad]

    def _dots(self) -> go.Scatter:
        return go.Scatter(
            x=self.learning_rates, y=self.losses, mode="markers", name="single steps",
            marker={"color": LIGHT.complete, "size": 4}, hoverinfo="skip",
        )  # fmt: skip

    def _line(self) -> go.Scatter:
        return go.Scatter(
            x=self.learning_rates, y=self.smoothed, mode="lines", name="smoothed",
            line={"color": LIGHT.ink, "width": 2}, hovertemplate="LR %{x:.2e}<br>%{y:.3f} nats/token<extra></extra>",
        )  # fmt: skip

    def _rules(self) -> go.Scatter:
        ordered = sorted(self.rules.items(), key=lambda item: -item[1])
        colors = [LIGHT.limit if name == EDGE else LIGHT.muted for name, _ in ordered]
        return go.Scatter(
            x=[rate for _, rate in ordered], y=[label(NAMES.get(name, name)) for name, _ in ordered],
            mode="markers", showlegend=False, hovertemplate="%{y}: %{x:.2e}<extra></extra>",
            marker={"size": 11, "symbol": "diamond", "color": colors},
        )  # fmt: skip


def info(sweep: SweepRecord) -> Sweep:
    """From one sweep. Raises MissingError when no loss in it is a number."""
    points = zip(sweep.learning_rates, sweep.losses, sweep.smoothed, strict=True)
    kept = thin([p for p in points if all(map(finite, p))], MAX_POINTS)
    if not kept:
        raise MissingError(f"The sweep measured no finite loss. {words.text(sweep.verdict)}")
    rates, losses, smoothed = zip(*kept, strict=True)
    return Sweep(
        learning_rates=rates, losses=losses, smoothed=smoothed,
        rules={name: rate for name, rate in sweep.rules.items() if finite(rate) and rate > 0},
        low=sweep.low, high=sweep.high, verdict=sweep.verdict, restored=sweep.restored,
        model=words.shape(sweep.point), centre=sweep.centre, interval=sweep.interval,
    )  # fmt: skip


def none() -> Sweep:
    """The card of a study without sweeps. Always raises MissingError."""
    raise MissingError("No LR sweep ran in this study; the search took its bounds from the declared search space.")
