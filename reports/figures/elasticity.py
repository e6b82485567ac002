"""By how many percent memory and time of a step change when a knob of the config is turned by one percent."""

from dataclasses import dataclass

import plotly.graph_objects as go

from advisor.explain import Elasticity, Point, elasticities
from reports import words
from reports.card import MissingError
from reports.figures.canvas import NO_LEGEND, axis, canvas, label
from reports.table import Column, Table
from reports.theme import LIGHT, layout

NOTICEABLE = 0.005  # knobs that move neither memory nor time by more are left out


@dataclass(frozen=True, kw_only=True)
class Elasticities:
    """Of the config `name`, the largest effect on memory first. Without a GPU's speed, FLOPs stand for time."""

    name: str
    slopes: tuple[Elasticity, ...]

    @property
    def timed(self) -> bool:
        """Whether times are known."""
        return all(slope.time is not None for slope in self.slopes)

    @property
    def second(self) -> str:
        """What stands beside memory."""
        return "time" if self.timed else "FLOPs"

    def beside(self, slope: Elasticity) -> float:
        """The other slope."""
        return slope.time if self.timed and slope.time is not None else slope.flops

    @property
    def title(self) -> str:
        """The finding."""
        first = self.slopes[0]
        other = max(self.slopes, key=self.beside)
        return (
            f"1 % more {_noun(first)} takes {first.memory:.2f} % more memory;"
            f" {self.second} {'follows' if self.timed else 'follow'} {_noun(other)} most, {self.beside(other):.2f} %"
        )

    @property
    def caption(self) -> str:
        """How to read it."""
        jumps = [_noun(slope) for slope in self.slopes if not (slope.same_kernels and slope.same_peak)]
        bends = f" At {words.listed(jumps)} another kernel or peak lies next door: the slope bends." if jumps else ""
        return (
            f"Elasticities of the memory peak and of the {self.second} of one training step of {self.name}, at its own"
            f" values: percent for one percent, all else held. Those of knobs turned together add.{bends}"
        )

    @property
    def table(self) -> Table:
        """All of them."""
        columns = (
            Column(name="knob", numeric=False),
            Column(name="value", show=words.whole),
            Column(name="memory", hint="% per %", show=words.slope),
            Column(name=self.second, hint="% per %", show=words.slope),
            Column(name="parameters", hint="% per %", show=words.slope),
        )
        return Table.of(columns, ((s.knob, s.value, s.memory, self.beside(s), s.parameters) for s in self.slopes))

    def draw(self) -> go.Figure:
        """The figure."""
        names = [label(f"{_noun(slope)} ({slope.value:,})") for slope in self.slopes]
        bars = [
            _bars("memory", names, [slope.memory for slope in self.slopes], LIGHT.best),
            _bars(self.second, names, [self.beside(slope) for slope in self.slopes], LIGHT.default),
        ]
        return canvas(
            bars,
            x=axis("% per 1 % of the knob", showgrid=True, zeroline=True),
            y=axis("", autorange="reversed", showgrid=False), legend=layout()["legend"] | {"traceorder": "normal"},
            barmode="group", bargap=0.3, height=110 + 40 * len(names), margin=NO_LEGEND | {"t": 44},
        )  # fmt: skip


def _bars(name: str, names: list[str], values: list[float], color: str) -> go.Bar:
    return go.Bar(
        name=name, x=values, y=names, orientation="h", marker={"color": color},
        hovertemplate=f"%{{y}}<br>{name} %{{x:.2f}} %<extra></extra>",
    )  # fmt: skip


def _noun(slope: Elasticity) -> str:
    name = slope.knob.rpartition(".")[2]
    return {"d_model": "width", "sequence": "sequence length", "hidden": "MLP width"}.get(name, name.replace("_", " "))


def info(point: Point, name: str) -> Elasticities:
    """At a config. Raises MissingError when nothing in it can be turned."""
    found = [s for s in elasticities(point) if max(abs(s.memory), abs(s.flops), abs(s.time or 0.0)) > NOTICEABLE]
    if not found:
        raise MissingError("No number of this config has a valid neighbor.")
    return Elasticities(name=name, slopes=tuple(found))
