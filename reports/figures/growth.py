"""What the peak of a step is made of, as batch, context and depth grow, under the line of the GPU's memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from advisor.ledger import estimate
from advisor.ledger.readings import Memory
from advisor.spec import Seq2Seq
from advisor.units import GIB, format_bytes
from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, label, panels
from reports.proposed import Chosen
from reports.table import Column, Table
from reports.theme import LIGHT

PARTS = {  # of memory.at_peak, from the bottom up: fields and color
    "weights": (("parameters", "ema", "autocast"), LIGHT.best),
    "gradients": (("gradients",), LIGHT.rerun),
    "optimizer": (("optimizer",), LIGHT.default),
    "saved for backward": (("saved",), LIGHT.complete),
    "temporaries": (("temporaries", "batch"), LIGHT.pruned),
}
FACTORS = (0.25, 0.5, 1, 1.5, 2, 3, 4)  # of the chosen value
BEYOND = 1.5  # times the GPU's memory: more is not shown


@dataclass(frozen=True, kw_only=True)
class Level:
    """The peak at one value of a knob [bytes], and what the device would show."""

    value: int
    parts: tuple[int, ...]  # in the order of PARTS
    device: int

    @property
    def peak(self) -> int:
        """Allocated."""
        return sum(self.parts)


@dataclass(frozen=True, kw_only=True)
class Knob:
    """What is turned, and the levels that it leads to, in order of the values."""

    name: str
    noun: str
    now: int
    levels: tuple[Level, ...]


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The chosen config with one knob at a time turned."""

    name: str
    gpu: str
    memory_bytes: int
    knobs: tuple[Knob, ...]

    @property
    def title(self) -> str:
        """The finding: how far each knob can be turned."""
        ends = [f"{knob.noun} of {words.whole(most)}" for knob in self.knobs if (most := self._most(knob))]
        if not ends:
            return f"At none of these values does {self.name} fit the {self.gpu}"
        return f"Alone, a {words.listed(ends)} still fits the {self.gpu}"

    def _most(self, knob: Knob) -> int | None:
        return max((level.value for level in knob.levels if level.device <= self.memory_bytes), default=None)

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            f"The peak of a training step of {self.name}, one knob turned at a time, all else as proposed (dotted)."
            " The dashed line is the GPU's memory; of it the allocator's reserve and the context take a part too, so a"
            " stack may have to stay below it: the open marks are what nvidia-smi would show."
        )

    @property
    def table(self) -> Table:
        """All levels."""
        columns = (
            Column(name="knob", numeric=False),
            Column(name="value", show=words.whole),
            *(Column(name=name, show=words.size) for name in PARTS),
            Column(name="peak", hint="allocated", show=words.size),
            Column(name="device", hint="nvidia-smi", show=words.size),
        )
        rows = ((k.name, level.value, *level.parts, level.peak, level.device) for k in self.knobs for level in k.levels)
        return Table.of(columns, rows, limit=40)

    def draw(self) -> go.Figure:
        """The figure."""
        figure = panels(rows=1, cols=len(self.knobs), shared_yaxes=True, horizontal_spacing=0.04)
        for col, knob in enumerate(self.knobs, 1):
            for trace in self._traces(knob, col):
                figure.add_trace(trace, row=1, col=col)
            figure.add_hline(
                y=self.memory_bytes / GIB, line={"color": LIGHT.limit, "width": 1.5, "dash": "dash"}, row=1, col=col
            )
            figure.add_vline(x=knob.now, line={"color": LIGHT.ink, "width": 1, "dash": "dot"}, row=1, col=col)
            figure.update_xaxes(axis(knob.name, rangemode="tozero", tickangle=0, nticks=4), row=1, col=col)
        figure.add_annotation(
            x=0, xref="paper", y=self.memory_bytes / GIB, yanchor="bottom", xanchor="left", showarrow=False, xshift=6,
            text=f"{label(self.gpu)}: {format_bytes(self.memory_bytes)}", font={"color": LIGHT.limit, "size": 12},
            bgcolor=LIGHT.surface,
        )  # fmt: skip
        figure.update_yaxes(axis("peak of a step [GiB]", rangemode="tozero"), row=1, col=1)
        return figure.update_layout(height=420)

    def _traces(self, knob: Knob, col: int) -> Iterator[go.Scatter]:
        x = [level.value for level in knob.levels]
        for i, (name, (_, color)) in enumerate(PARTS.items()):
            yield go.Scatter(
                x=x, y=[level.parts[i] / GIB for level in knob.levels], name=name, stackgroup=str(col), mode="lines",
                line={"color": color, "width": 0.8}, fillcolor=color, legendgroup=name, showlegend=col == 1,
                hovertemplate=f"{name}: %{{y:.2f}} GiB<extra></extra>",
            )  # fmt: skip
        yield go.Scatter(
            x=x, y=[level.device / GIB for level in knob.levels], name="in nvidia-smi", mode="markers",
            marker={"color": LIGHT.ink, "symbol": "circle-open", "size": 6}, legendgroup="device", showlegend=col == 1,
            hovertemplate="nvidia-smi: %{y:.2f} GiB<extra></extra>",
        )  # fmt: skip


def info(chosen: Chosen) -> Growth:
    """Of the chosen proposal. Raises MissingError when no knob can be turned."""
    depth = "encoder_depth" if isinstance(chosen.model, Seq2Seq) else "depth"
    turned = (
        ("batch [sequences]", "batch", ("plan.batch",), chosen.plan.batch),
        ("context [tokens]", "context", ("plan.sequence", "model.context"), chosen.plan.sequence),
        ("depth [layers]", "depth", (f"model.{depth}",), getattr(chosen.model, depth)),
    )
    knobs = [
        Knob(name=name, noun=noun, now=now, levels=_levels(chosen, paths, now)) for name, noun, paths, now in turned
    ]
    found = tuple(knob for knob in knobs if len(knob.levels) > 1)
    if not found:
        raise MissingError("No other batch, context or depth of this config is valid.")
    return Growth(name=chosen.name, gpu=chosen.gpu.name, memory_bytes=chosen.gpu.memory_bytes, knobs=found)


def _levels(chosen: Chosen, paths: tuple[str, ...], now: int) -> tuple[Level, ...]:
    """At multiples of the value, up to a little beyond what the GPU holds."""
    values = sorted({max(1, round(factor * now)) for factor in FACTORS})
    points = ((value, chosen.point.attempt(dict.fromkeys(paths, value))) for value in values)
    levels = [_level(value, estimate(p.model, p.plan, chosen.gpu).memory) for value, p in points if p]
    ceiling = BEYOND * chosen.gpu.memory_bytes
    return tuple(level for level in levels if level.peak <= ceiling or level.value <= now)


def _level(value: int, memory: Memory) -> Level:
    parts = (sum(getattr(memory.at_peak, field) for field in fields) for fields, _ in PARTS.values())
    return Level(value=value, parts=tuple(parts), device=memory.device.bytes)
