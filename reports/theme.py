"""Colors and type of the page and its figures, once for both, in light and in dark.

The hues are Okabe and Ito's (https://jfly.uni-koeln.de/color/), which every common color vision tells apart, set
darker on light and lighter on dark to stand out from the ground by 3:1 (marks) and 4.5:1 (text), as WCAG 2.2 asks.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

FONT = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'


@dataclass(frozen=True, kw_only=True)
class Palette:
    """One value per role; a figure is drawn with LIGHT, and the page swaps it for DARK value by value."""

    ground: str  # behind everything
    surface: str  # cards and figures
    ink: str
    muted: str  # secondary text, axis labels
    line: str  # hairlines, grids
    wash: str  # fill under a curve
    band: str  # every other phase; the bounds of a range
    best: str
    rerun: str
    default: str
    complete: str
    pruned: str
    failed: str
    limit: str  # the GPU's memory, the edge of stability


LIGHT = Palette(
    ground="#f6f6f3", surface="#ffffff", ink="#1b1f24", muted="#5a626c", line="#e1e2de", wash="#dce9f4", band="#f0f0ec",
    best="#0062a3", rerun="#007a5a", default="#8a4f7d", complete="#5b93b8", pruned="#a87600", failed="#c2500a",
    limit="#b5420c",
)  # fmt: skip
DARK = Palette(
    ground="#14171a", surface="#1c2024", ink="#e9eaec", muted="#a0a8b1", line="#32383e", wash="#1d3a52", band="#262b30",
    best="#63b8f0", rerun="#3cc9a0", default="#d59ac8", complete="#4f86ab", pruned="#e0a92e", failed="#f08a4b",
    limit="#f07f47",
)  # fmt: skip


def css_variables(palette: Palette) -> str:
    """The palette as custom properties: `--ink: #1b1f24; ...`."""
    return " ".join(f"--{role}: {value};" for role, value in dataclasses.asdict(palette).items())


def dark_of() -> dict[str, str]:
    """Each color of LIGHT -> the color that takes its place in the dark."""
    return dict(zip(dataclasses.asdict(LIGHT).values(), dataclasses.asdict(DARK).values(), strict=True))


def layout() -> dict[str, Any]:
    """What every figure's layout starts from, in LIGHT colors."""
    small = {"color": LIGHT.muted, "size": 12}
    axis = {
        "gridcolor": LIGHT.line, "linecolor": LIGHT.line, "zeroline": False, "ticks": "", "automargin": True,
        "tickfont": small, "title": {"font": small, "standoff": 8},
    }  # fmt: skip
    return {
        "template": {"layout": {"xaxis": {**axis, "showgrid": False, "showline": True}, "yaxis": axis}},
        "paper_bgcolor": LIGHT.surface,
        "plot_bgcolor": LIGHT.surface,
        "font": {"family": FONT, "size": 13, "color": LIGHT.ink},
        "margin": {"l": 8, "r": 12, "t": 36, "b": 8},
        "hoverlabel": {
            "bgcolor": LIGHT.surface,
            "bordercolor": LIGHT.line,
            "font": {"color": LIGHT.ink},
            "align": "left",
        },
        "legend": {
            "orientation": "h",
            "traceorder": "reversed",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "font": {"size": 12},
        },
    }
