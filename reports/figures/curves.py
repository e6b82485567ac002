"""Learning curves: validation loss by tokens seen, of every trial, the stopped ones included."""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, canvas
from reports.figures.groups import GROUPS
from reports.frames import rows
from reports.numbers import finite, per_curve, thin
from reports.table import Column, Table
from reports.theme import LIGHT

HOVER = "trial %{customdata}<br>%{x:.3s} tokens<br>%{y:.3f} nats/token<extra></extra>"
CROWD, FADED = 40, 0.5  # more curves than this in one group are drawn faded


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Validation losses of one trial."""

    number: int
    group: str
    state: str
    reason: str
    tokens: tuple[int, ...]
    losses: tuple[float, ...]  # [nats/token]
    continued_from: int | None = None  # the trial that it went on from


@dataclass(frozen=True, kw_only=True)
class Curves:
    """The curves of all trials that were evaluated at least once."""

    curves: tuple[Curve, ...]
    trials: int
    stopped: int  # trials that were pruned, evaluated or not

    @property
    def promoted(self) -> tuple[tuple[Curve, Curve], ...]:
        """Each curve that went on from the end of another one, after that one."""
        by_number = {c.number: c for c in self.curves}
        parents = ((by_number.get(c.continued_from), c) for c in self.curves if c.continued_from is not None)
        return tuple((parent, c) for parent, c in parents if parent and c.tokens[0] >= parent.tokens[-1])

    def of(self, group: str) -> tuple[Curve, ...]:
        """The curves of one group."""
        return tuple(c for c in self.curves if c.group == group)

    @property
    def title(self) -> str:
        """The finding."""
        promoted = f", {len(self.promoted)} promoted" if self.promoted else ""
        stopped = f"{words.many(self.stopped, 'trial')} stopped early{promoted}"
        best = self.of("best")
        default = [c for c in self.of("default") if c.state == "COMPLETE"]
        if not best:
            return f"No trial of the search ran to its end; {stopped}"
        end = f"Trial {best[0].number} ends at {best[0].losses[-1]:.3f} nats/token"
        if default:
            gain = default[0].losses[-1] - best[0].losses[-1]
            end += f", {words.gap(gain, 'below', 'above', 'as low as')} the untuned default"
        return f"{end}; {stopped}"

    @property
    def caption(self) -> str:
        """How to read it."""
        unseen = self.trials - len(self.curves)
        missing = f" {words.many(unseen, 'trial')} ended before a first evaluation." if unseen else ""
        joined = (
            " A dotted line joins a promoted trial to the one whose checkpoint it went on from."
            if self.promoted
            else ""
        )
        return (
            "Validation loss of each trial against the tokens it has seen. A curve that ends in a triangle was stopped"
            f" because it was unpromising or diverged; a cross marks a failed trial.{joined}{missing}"
        )

    @property
    def table(self) -> Table:
        """Where each curve ends."""
        columns = (
            Column(name="trial", show=words.whole),
            Column(name="group", numeric=False),
            Column(name="reason", numeric=False),
            Column(name="went on from", hint="trial", show=words.whole),
            Column(name="evaluations", show=words.whole),
            Column(name="tokens", show=words.count),
            Column(name="last loss", hint="nats/token", show=words.loss),
        )
        rows = (
            (c.number, c.group, c.reason, c.continued_from, len(c.losses), c.tokens[-1], c.losses[-1])
            for c in self.curves
        )
        return Table.of(columns, rows)

    def draw(self) -> go.Figure:
        """The figure."""
        limit = per_curve(len(self.curves))
        drawn = [group for group in GROUPS if self.of(group)]
        traces = [draw(group, self.of(group)) for group in drawn for draw in (partial(_lines, limit=limit), _ends)]
        traces += [_joints(self.promoted)] if self.promoted else []
        return canvas(
            traces,
            x=axis("tokens seen", exponentformat="SI", rangemode="tozero"),
            y=axis("validation loss [nats/token]", range=self._frame()),
            height=440,
        )

    def _frame(self) -> list[float]:
        """From the best loss up to the worst first one of a curve that ended well; the diverged may leave the frame."""
        ended = [c for c in self.curves if c.group not in ("pruned", "failed")] or self.curves
        low, high = min(min(c.losses) for c in ended), max(max(c.losses) for c in ended)
        pad = 0.06 * max(high - low, 0.05)
        return [low - pad, high + pad]


def _lines(group: str, curves: tuple[Curve, ...], limit: int) -> go.Scatter:
    """One trace for a whole group, curves parted by gaps: a trace per trial would cost the page its speed."""
    style = GROUPS[group]
    shown = [thin(list(zip(c.tokens, c.losses, strict=True)), limit) for c in curves]
    numbers = [n for c, points in zip(curves, shown, strict=True) for n in [c.number] * len(points) + [None]]
    gapped = [point for points in shown for point in [*points, (None, None)]]
    return go.Scatter(
        x=[x for x, _ in gapped], y=[y for _, y in gapped], customdata=numbers, name=style.label, mode="lines",
        legendgroup=group, opacity=FADED if len(curves) > CROWD else 1,
        line={"color": style.color, "width": style.width, "dash": style.dash}, connectgaps=False,
        hovertemplate=HOVER,
    )  # fmt: skip


def _ends(group: str, curves: tuple[Curve, ...]) -> go.Scatter:
    """A mark where each curve of a group ends; a mark of no size at every other point would cost the page its speed."""
    style = GROUPS[group]
    return go.Scatter(
        x=[c.tokens[-1] for c in curves], y=[c.losses[-1] for c in curves], customdata=[c.number for c in curves],
        name=style.label, mode="markers", legendgroup=group, showlegend=False, hovertemplate=HOVER,
        marker={"color": style.color, "symbol": style.symbol, "size": style.size, "line": {"width": 0}},
    )  # fmt: skip


def _joints(promoted: tuple[tuple[Curve, Curve], ...]) -> go.Scatter:
    """From the end of a trial to the beginning of the one that went on from it."""
    ends = [(one.tokens[-1], one.losses[-1], two.tokens[0], two.losses[0]) for one, two in promoted]
    return go.Scatter(
        x=[x for x0, _, x1, _ in ends for x in (x0, x1, None)], y=[y for _, y0, _, y1 in ends for y in (y0, y1, None)],
        name="promoted", mode="lines", connectgaps=False, hoverinfo="skip",
        line={"color": LIGHT.ink, "width": 1, "dash": "dot"},
    )  # fmt: skip


def _curve(trial: dict[str, Any], points: list[dict[str, Any]]) -> Curve:
    return Curve(
        number=trial["number"],
        group=trial["group"],
        state=trial["state"],
        reason=trial["reason"],
        tokens=tuple(point["tokens"] for point in points),
        losses=tuple(point["validation_loss"] for point in points),
        continued_from=trial["continued_from"],
    )


def info(curves: pd.DataFrame, trials: pd.DataFrame) -> Curves:
    """From frames.curves and frames.trials. Raises MissingError when no trial was evaluated."""
    by_number = {row["number"]: row for row in rows(trials)}
    evaluated = [row for row in rows(curves) if finite(row["validation_loss"])]
    curves_of = groupby(evaluated, key=lambda row: row["number"])
    found = tuple(_curve(by_number[number], list(points)) for number, points in curves_of)
    if not found:
        raise MissingError("No trial ran long enough to be evaluated once.")
    return Curves(curves=found, trials=len(trials), stopped=int((trials["state"] == "PRUNED").sum()))
