"""One titled figure with the sentence that states its finding; a figure that fails becomes a card that says why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import plotly.graph_objects as go

from reports import words
from reports.numbers import plain
from reports.table import Table


class MissingError(Exception):
    """There is nothing to show, and the message says why in one sentence."""


class Info(Protocol):
    """What a figure says, computed; drawing it adds no number."""

    @property
    def title(self) -> str:
        """The finding, in words."""

    @property
    def caption(self) -> str:
        """How to read the figure, and what it does not show."""

    @property
    def table(self) -> Table:
        """The figure's numbers, for those who read rather than look."""

    def draw(self) -> go.Figure:
        """The figure, in the colors of theme.LIGHT."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """`figure` is Plotly's JSON; without one, the table stands alone; without both, `caption` says why."""

    anchor: str
    title: str
    caption: str
    figure: dict[str, Any] | None = None
    table: Table | None = None
    notes: tuple[tuple[str, str], ...] = ()  # term and text, under the table
    is_absent: bool = False  # there is nothing that it could show


def guarded(anchor: str, subject: str, build: Callable[[], Card]) -> Card:
    """The card that `build` makes, or one that says why there is none: the rest of the page does not depend on it."""
    try:
        return build()
    except MissingError as reason:
        return Card(anchor=anchor, title=f"{subject}: nothing to show", caption=str(reason), is_absent=True)
    except Exception as error:
        why = words.text(f"{type(error).__name__}: {error}")
        return Card(anchor=anchor, title=f"{subject}: this part could not be made", caption=why)


def figure_card(anchor: str, subject: str, compute: Callable[[], Info]) -> Card:
    """The card of one figure, computed and drawn."""
    return guarded(anchor, subject, lambda: _drawn(anchor, compute()))


def _drawn(anchor: str, info: Info) -> Card:
    figure = info.draw().to_plotly_json()
    figure["layout"].pop("template", None)  # the page holds one for all figures
    return Card(
        anchor=anchor,
        title=info.title,
        caption=info.caption,
        figure={"data": plain(figure["data"]), "layout": plain(figure["layout"])},
        table=info.table,
    )
