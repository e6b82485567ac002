"""What all figures share when they are drawn: axes with units, lines with a label, and text that stays text."""

import html
import math
from collections.abc import Callable, Iterable
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from reports import words
from reports.theme import LIGHT

HEIGHT = 380  # [px]
MIN_TICKS = 3
NO_LEGEND = {"l": 8, "r": 12, "t": 4, "b": 8}  # margins [px]


def label(value: Any) -> str:
    """Text of any origin for a figure. Plotly reads a little HTML in its strings: escaped, it reads none."""
    return html.escape(words.text(value), quote=False)


def canvas(traces: Iterable[Any], *, x: dict[str, Any], y: dict[str, Any], **layout: Any) -> go.Figure:
    """A figure of one plot; `x` and `y` are Plotly axes."""
    return go.Figure(list(traces), layout={"height": HEIGHT, **layout, "xaxis": x, "yaxis": y})


def panels(**options: Any) -> go.Figure:
    """A figure of several plots (plotly.subplots)."""
    return make_subplots(**options).update_layout(height=HEIGHT)


def axis(title: str, **options: Any) -> dict[str, Any]:
    """An axis with its title and unit."""
    return {"title": {"text": title}, **options}


def log_axis(title: str, values: Iterable[float], show: Callable[[float], str], **options: Any) -> dict[str, Any]:
    """A logarithmic axis over `values` (> 0), with labeled ticks."""
    low, high = _span(values)
    pad = 0.06 * (high - low) + 0.02
    ticks = log_ticks(low - pad, high + pad)
    labels = {"tickvals": ticks, "ticktext": [show(tick) for tick in ticks]}
    return axis(title, type="log", range=[low - pad, high + pad], **labels, **options)


def log_ticks(low: float, high: float) -> list[float]:
    """Round values between two exponents of ten: powers of ten, 1-2-5 or 1-2-3-4-6-8, the first that gives three."""
    for steps in ((1,), (1, 2, 5), (1, 2, 3, 4, 6, 8)):
        exponents = range(math.floor(low), math.ceil(high))
        ticks = [step * 10.0**e for e in exponents for step in steps if low <= math.log10(step) + e <= high]
        if len(ticks) >= MIN_TICKS:
            break
    return ticks


def _span(values: Iterable[float]) -> tuple[float, float]:
    exponents = [math.log10(value) for value in values]
    return min(exponents), max(exponents)


def level(figure: go.Figure, y: float, text: str, *, color: str = LIGHT.limit, dash: str = "dash") -> None:
    """A horizontal line across the figure, labeled at its left end; `y` in data units."""
    line = {"color": color, "width": 1.5, "dash": dash}
    figure.add_shape(type="line", xref="paper", x0=0, x1=1, y0=y, y1=y, line=line)
    log = figure.layout.yaxis.type == "log"  # there, annotations take exponents, but shapes take values
    figure.add_annotation(
        x=0, xref="paper", xanchor="left", y=math.log10(y) if log else y, yanchor="bottom", showarrow=False,
        text=text, font={"color": color, "size": 12}, xshift=6, bgcolor=LIGHT.surface,
    )  # fmt: skip
