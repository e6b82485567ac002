"""The front of an answer as a drawing: predicted loss against memory, parameters or hours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.http.pages.axis import Axis, round_bytes
from advisor.http.pages.links import size_link
from advisor.propose import Answer
from advisor.units import format_count, format_seconds


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One point, in percent: `xs` along each axis, `y` from the top."""

    xs: tuple[float, ...]
    y: float
    share: int  # of the time asked for: 0 is the least, 4 all of it
    text: str
    link: str  # to the Size page
    proposed: bool


@dataclass(frozen=True, kw_only=True)
class Front:
    """Points by falling loss."""

    marks: tuple[Mark, ...]
    axes: tuple[Axis, ...]
    loss: Axis


def front(answer: Answer) -> Front:
    """The front of an answer; hours are no axis where no time can be said."""
    c, points = answer.candidates, sorted(answer.front, key=lambda p: (-p.loss, p.memory))
    axes = [
        Axis(name="memory", label="memory at the peak", values=[p.memory for p in points], show=round_bytes, base=2.0),
        Axis(name="parameters", label="parameters", values=[int(c.parameters[p.row]) for p in points],
             show=format_count),
    ]  # fmt: skip
    if not math.isnan(points[0].hours):
        hours = [p.hours for p in points]
        axes.append(Axis(name="hours", label="training time", values=hours, show=_hours, base=2.0))
    loss = Axis(name="loss", label="loss", values=[p.loss for p in points], show="{:.2f}".format, log=False)
    proposed = {p.name for p in answer.proposals}
    places, heights = zip(*(axis.places for axis in axes), strict=True), loss.places
    marks = tuple(
        Mark(xs=xs, y=100 - y, share=_share(p.hours, answer.question.seconds / 3600), link=_link(answer, p.row),
             text=_text(axes, loss, i, c.name(p.row)), proposed=c.name(p.row) in proposed)
        for i, (p, xs, y) in enumerate(zip(points, places, heights, strict=True))
    )  # fmt: skip
    return Front(marks=marks, axes=tuple(axes), loss=loss)


def _text(axes: Sequence[Axis], loss: Axis, i: int, name: str) -> str:
    return f"{name}: predicted loss {loss.values[i]:.3f}; " + ", ".join(
        f"{a.label} {a.show(a.values[i])}" for a in axes
    )


def _link(answer: Answer, row: int) -> str:
    return size_link(*answer.candidates.both(row), answer.question.gpu.name)


def _share(hours: float, most: float) -> int:
    """Of the sixteenth, eighth, ... of the time that the front looks at, which; all of it where no time is known."""
    return 4 if math.isnan(hours) else max(0, 4 + round(math.log2(min(1.0, hours / most))))


def _hours(hours: float) -> str:
    return format_seconds(3600 * hours)
