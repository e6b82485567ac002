"""The best loss so far of several studies against their time, and what each ended at."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures import progress
from reports.figures.canvas import axis, canvas, label
from reports.frames import frames
from reports.table import Column, Table
from reports.theme import LIGHT
from studies.answer import Answer

COLORS = (LIGHT.best, LIGHT.pruned, LIGHT.rerun, LIGHT.default, LIGHT.failed, LIGHT.complete)
DASHES = ("solid", "dash", "dot", "dashdot")  # color is never alone in telling studies apart


@dataclass(frozen=True, kw_only=True)
class Race:
    """The progress of each study by its name, the lowest loss first."""

    runs: tuple[tuple[str, progress.Progress], ...]

    @property
    def title(self) -> str:
        """The finding."""
        name, first = min(self.runs, key=lambda run: run[1].steps[-1].best)
        level = max(run.steps[-1].best for _, run in self.runs)
        sooner = next(step.seconds for step in first.steps if step.best <= level)
        if len(self.runs) == 1:
            return f"{words.text(name)} alone has a full trial, {level:.3f} after {words.seconds(sooner)}"
        return f"{words.text(name)} took {words.seconds(sooner)} to {level:.3f}, which all of them reach"

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            "The lowest validation loss of any full trial so far, against the time since each study began. Trials' own"
            " losses, which include the luck of being picked."
        )

    @property
    def table(self) -> Table:
        """Where each ended."""
        columns = (
            Column(name="study", numeric=False),
            Column(name="best loss", hint="nats/token", show=words.loss),
            Column(name="there after", show=words.seconds),
            Column(name="whole study", show=words.seconds),
            Column(name="compute", show=words.flops),
        )
        found = ((n, r.steps[-1].best, r.last.seconds, r.seconds, r.flops) for n, r in self.runs)
        return Table.of(columns, found)

    def draw(self) -> go.Figure:
        """The figure."""
        return canvas(
            [self._line(i, name, run) for i, (name, run) in enumerate(self.runs)],
            x=axis("time since the study began [s]", rangemode="tozero"),
            y=axis("best validation loss so far [nats/token]"),
        )

    def _line(self, i: int, name: str, run: progress.Progress) -> go.Scatter:
        dash = DASHES[i // len(COLORS) % len(DASHES)]
        return go.Scatter(
            x=[*(step.seconds for step in run.steps), run.seconds],
            y=[*(step.best for step in run.steps), run.steps[-1].best], mode="lines+markers", name=label(name),
            line={"color": COLORS[i % len(COLORS)], "width": 2, "shape": "hv", "dash": dash},
            marker={"size": 6, "symbol": i % 8}, hovertemplate="%{y:.3f} after %{x:.0f} s<extra></extra>",
        )  # fmt: skip


def info(answers: Sequence[Answer]) -> Race:
    """Of the studies in which a full trial ended. Raises MissingError when there is none."""
    runs = []
    for found in answers:
        try:
            runs.append((found.record.name, progress.info(frames(found.record).trials, found.record.spent_seconds)))
        except MissingError:
            continue
    if not runs:
        raise MissingError("In none of these studies did a full trial run to its end.")
    return Race(runs=tuple(runs))
