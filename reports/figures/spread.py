"""The winner under other seeds, beside the runner-up and the default: how much of a lead is luck."""

from dataclasses import dataclass

import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import NO_LEGEND, axis, canvas
from reports.figures.groups import GROUPS
from reports.table import Column, Table
from studies.answer import Answer
from studies.records import TrialRecord
from studies.seeds import LEVEL, Interval

NAMES = {"best": "winning trial", "rerun": "its re-runs", "complete": "runner-up", "default": "untuned default"}
WIDE = 0.1  # half of an interval, of its middle, from which on it says little


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run; `kind` is a group of trials."""

    kind: str
    number: int
    seed: int
    loss: float  # [nats/token]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The runs, and the interval of the winner's re-runs."""

    runs: tuple[Run, ...]
    interval: Interval

    @property
    def title(self) -> str:
        """The finding."""
        low, high = (end(r.loss for r in self.runs if r.kind in ("best", "rerun")) for end in (min, max))
        if self.interval.half is None:
            return f"Another seed moved the winner's loss by {high - low:.3f}"
        runs = words.many(self.interval.runs, "re-run")
        wide = ": so few say little" if self.interval.half > WIDE * self.interval.mean else ""
        return f"{runs} put the winner at {self.interval.mean:.3f} ± {self.interval.half:.3f}{wide}"

    @property
    def caption(self) -> str:
        """How to read it."""
        bar = f" The bar is their interval at {LEVEL:.0%} confidence." if self.interval.half else ""
        return (
            "Each mark is one training on the same budget of tokens. Re-runs differ from the winning trial in their"
            f" seed alone, so their scatter is luck; the winning trial's own loss was picked for being low.{bar}"
        )

    @property
    def table(self) -> Table:
        """All runs."""
        columns = (
            Column(name="run", numeric=False),
            Column(name="trial", show=words.whole),
            Column(name="seed", show=words.whole),
            Column(name="loss", hint="nats/token", show=words.loss),
        )
        return Table.of(columns, ((NAMES[r.kind], r.number, r.seed, r.loss) for r in self.runs))

    def draw(self) -> go.Figure:
        """The figure."""
        kinds = [kind for kind in NAMES if any(run.kind == kind for run in self.runs)]
        figure = canvas(
            [self._marks(kind) for kind in kinds],
            x=axis("validation loss [nats/token]", showgrid=True),
            y=axis("", autorange="reversed", showgrid=False),
            height=90 + 44 * len(kinds), margin=NO_LEGEND, showlegend=False,
        )  # fmt: skip
        if self.interval.half is not None:
            figure.add_trace(self._bar())
        return figure

    def _marks(self, kind: str) -> go.Scatter:
        style, mine = GROUPS[kind], [run for run in self.runs if run.kind == kind]
        return go.Scatter(
            x=[run.loss for run in mine], y=[NAMES[kind]] * len(mine), customdata=[[r.number, r.seed] for r in mine],
            mode="markers", marker={"color": style.color, "symbol": style.symbol, "size": style.size + 3},
            hovertemplate="trial %{customdata[0]}, seed %{customdata[1]}<br>%{x:.4f} nats/token<extra></extra>",
        )  # fmt: skip

    def _bar(self) -> go.Scatter:
        return go.Scatter(
            x=[self.interval.mean], y=[NAMES["rerun"]], mode="markers", hoverinfo="skip",
            marker={"color": GROUPS["rerun"].color, "symbol": "line-ns-open", "size": 16},
            error_x={"array": [self.interval.half], "color": GROUPS["rerun"].color, "thickness": 2, "width": 8},
        )  # fmt: skip


def info(answer: Answer) -> Spread:
    """Raises MissingError when the winner did not run again."""
    if answer.tuned is None or answer.loss is None or not answer.reruns:
        raise MissingError("The winner did not run again with another seed, so its scatter is not known.")
    kinds = {
        "best": [answer.tuned],
        "rerun": answer.reruns,
        "complete": [answer.runner_up],
        "default": [answer.default],
    }
    runs = tuple(_run(kind, trial) for kind, trials in kinds.items() for trial in trials if trial and trial.value)
    return Spread(runs=runs, interval=answer.loss)


def _run(kind: str, trial: TrialRecord) -> Run:
    return Run(kind=kind, number=trial.number, seed=trial.seed, loss=trial.value or 0.0)
