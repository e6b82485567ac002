"""Allocated memory of one training step, op by op, under the line that is the GPU's memory."""

from dataclasses import dataclass, replace
from itertools import groupby

import pandas as pd
import plotly.graph_objects as go

from advisor.units import GIB, format_bytes
from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, canvas, label, level
from reports.frames import Target, rows
from reports.numbers import thin
from reports.table import Column, Table
from reports.theme import LIGHT

MAX_OPS = 2000  # drawn
NARROW = 0.15  # of the step


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is allocated [bytes] while one op runs; `order` counts ops from the start of the step."""

    order: int
    phase: str
    op: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class MemoryTimeline:
    """One training step of the chosen config."""

    target: Target
    moments: tuple[Moment, ...]

    @property
    def peak(self) -> Moment:
        """The first moment at which most is allocated."""
        return max(self.moments, key=lambda m: (m.bytes, -m.order))

    @property
    def phases(self) -> list[list[Moment]]:
        """The moments of each phase, in the order of the step."""
        return [list(moments) for _, moments in groupby(self.moments, key=lambda m: m.phase)]

    @property
    def title(self) -> str:
        """The finding."""
        peak, limit = self.peak, self.target.memory_bytes
        where = f"Memory peaks at {format_bytes(peak.bytes)}, in {words.text(peak.phase)} at “{words.text(peak.op)}”"
        if not limit:
            return where
        left = limit - peak.bytes
        side = "below" if left >= 0 else "above"
        return f"{where}: {format_bytes(abs(left))} {side} the GPU's {format_bytes(limit)}"

    @property
    def caption(self) -> str:
        """How to read it."""
        config = f"of {words.text(self.target.chosen)}" if self.target.chosen else "of the chosen config"
        return (
            f"Bytes allocated by tensors while each op of one training step {config} runs, in order of execution."
            " The allocator's reserve and the CUDA context come on top of this."
        )

    @property
    def table(self) -> Table:
        """The peak of each phase."""
        peaks = [max(phase, key=lambda m: m.bytes) for phase in self.phases]
        columns = (
            Column(name="phase", numeric=False),
            Column(name="ops", show=words.whole),
            Column(name="op at the phase's peak", numeric=False),
            Column(name="peak", hint="allocated", show=words.size),
        )
        return Table.of(columns, ((p.phase, len(m), p.op, p.bytes) for p, m in zip(peaks, self.phases, strict=True)))

    def draw(self) -> go.Figure:
        """The figure."""
        top = max(self.peak.bytes, self.target.memory_bytes)
        figure = canvas(
            [self._steps()],
            x=axis("ops of one step, in order", showticklabels=False, range=[0, len(self.moments)]),
            y=axis("allocated [GiB]", rangemode="tozero", range=[0, 1.12 * top / GIB]),
            showlegend=False,
        )
        self._mark_phases(figure)
        self._mark_peak(figure)
        if self.target.memory_bytes:
            gpu = f"{label(self.target.gpu)}: {format_bytes(self.target.memory_bytes)}"
            level(figure, self.target.memory_bytes / GIB, gpu)
        return figure

    def _steps(self) -> go.Scatter:
        shown = sorted({*thin(self.moments, MAX_OPS), self.peak}, key=lambda m: m.order)
        shown.append(replace(shown[-1], order=shown[-1].order + 1))  # the last op has a width too
        return go.Scatter(
            x=[m.order for m in shown], y=[m.bytes / GIB for m in shown], mode="lines", fill="tozeroy",
            line={"color": LIGHT.best, "width": 1.6, "shape": "hv"}, fillcolor=LIGHT.wash,
            text=[f"{label(m.phase)}: {label(m.op)}<br>{format_bytes(m.bytes)}" for m in shown], hoverinfo="text",
        )  # fmt: skip

    def _mark_phases(self, figure: go.Figure) -> None:
        for i, phase in enumerate(self.phases):
            start, end = phase[0].order, phase[-1].order + 1
            if i % 2:
                figure.add_vrect(x0=start, x1=end, fillcolor=LIGHT.band, line_width=0, layer="below")
            narrow = len(phase) < NARROW * len(self.moments)  # its name takes a line of its own, above its neighbor's
            figure.add_annotation(
                x=end if narrow else (start + end) / 2, xanchor="right" if narrow else "center", showarrow=False,
                y=1, yref="paper", yanchor="bottom", yshift=14 if narrow else 0,
                text=label(phase[0].phase), font={"color": LIGHT.muted, "size": 12},
            )  # fmt: skip

    def _mark_peak(self, figure: go.Figure) -> None:
        peak, late = self.peak, self.peak.order > len(self.moments) / 2
        figure.add_trace(
            go.Scatter(
                x=[peak.order], y=[peak.bytes / GIB], mode="markers+text", hoverinfo="skip",
                marker={"color": LIGHT.limit, "size": 9}, textposition="top left" if late else "top right",
                text=[f"  {label(peak.op)}  "], textfont={"size": 12},
            )
        )  # fmt: skip


def info(timeline: pd.DataFrame, target: Target) -> MemoryTimeline:
    """From frames.timeline. Raises MissingError when there is none."""
    if timeline.empty:
        raise MissingError("This study names no target GPU, so no config was chosen whose memory could be shown.")
    moments = (
        Moment(order=i, phase=str(row["phase"]), op=str(row["op"]), bytes=int(row["bytes"]))
        for i, row in enumerate(rows(timeline))
    )
    return MemoryTimeline(target=target, moments=tuple(moments))
