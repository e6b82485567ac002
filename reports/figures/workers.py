"""Which trial ran where and when: one line per slot of the device."""

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import NO_LEGEND, axis, canvas, label
from reports.figures.groups import GROUPS
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table

ROW, FRAME = 34, 110  # [px] of one slot, of axes and legend


@dataclass(frozen=True, kw_only=True)
class Run:
    """One trial in its slot [s since the study began]."""

    number: int
    group: str
    slot: str
    start: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Workers:
    """All runs, by slot and start; `seconds` is the study's whole wall-clock."""

    runs: tuple[Run, ...]
    seconds: float

    @property
    def slots(self) -> list[str]:
        """Slots in order of their names."""
        return sorted({run.slot for run in self.runs})

    @property
    def busy(self) -> float:
        """Share of the slots' time in which trials ran."""
        return sum(run.seconds for run in self.runs) / (len(self.slots) * self.seconds) if self.seconds else 0.0

    @property
    def title(self) -> str:
        """The finding."""
        slots = words.many(len(self.slots), "worker")
        return f"{slots} trained for {words.percent(min(self.busy, 1.0))} of {words.seconds(self.seconds)}"

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            "Each bar is one trial from its start to its end, in the slot of the device that it ran in. What lies"
            " between is the probe, the LR sweep, start-up and the time kept for the end."
        )

    @property
    def table(self) -> Table:
        """Per slot."""
        columns = (
            Column(name="slot", numeric=False),
            Column(name="trials", show=words.whole),
            Column(name="busy", show=words.seconds),
            Column(name="of the study", show=words.percent),
        )
        by_slot = {slot: [run.seconds for run in self.runs if run.slot == slot] for slot in self.slots}
        return Table.of(columns, ((s, len(t), sum(t), sum(t) / self.seconds) for s, t in by_slot.items()))

    def draw(self) -> go.Figure:
        """The figure."""
        bars = [self._bars(group) for group in GROUPS if any(run.group == group for run in self.runs)]
        return canvas(
            bars,
            x=axis("time since the study began [s]", range=[0, self.seconds], showgrid=True),
            y=axis("", autorange="reversed", showgrid=False, type="category"),
            barmode="overlay", bargap=0.35, height=FRAME + ROW * len(self.slots), margin=NO_LEGEND | {"t": 44},
        )  # fmt: skip

    def _bars(self, group: str) -> go.Bar:
        style, mine = GROUPS[group], [run for run in self.runs if run.group == group]
        return go.Bar(
            base=[run.start for run in mine], x=[run.seconds for run in mine], y=[label(run.slot) for run in mine],
            orientation="h", name=style.label, customdata=[run.number for run in mine],
            marker={"color": style.color, "line": {"width": 0.5}},
            hovertemplate="trial %{customdata}<br>%{x:.1f} s from %{base:.1f} s<extra></extra>",
        )  # fmt: skip


def info(trials: pd.DataFrame, spent_seconds: float) -> Workers:
    """From frames.trials. Raises MissingError when no trial ran."""
    runs = [
        Run(number=r["number"], group=r["group"], slot=words.text(r["device"] or "device"), start=r["started"],
            seconds=r["seconds"])
        for r in rows(trials) if finite(r["started"]) and finite(r["seconds"])
    ]  # fmt: skip
    if not runs:
        raise MissingError("No trial has started.")
    end = max(run.start + run.seconds for run in runs)
    return Workers(runs=tuple(sorted(runs, key=lambda r: (r.slot, r.start))), seconds=max(spent_seconds, end))
