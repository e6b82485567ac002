"""Loss over two hyperparameters at once: depth against width, learning rate against dropout."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import axis, canvas, log_axis
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table
from reports.theme import LIGHT

SHOWN = ("best", "complete")
SCALE = [[0.0, LIGHT.best], [1.0, LIGHT.wash]]  # the lower the loss the stronger
FEWEST = 2  # trials that a map takes


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two hyperparameters of a map, with their names and how their values are shown."""

    x: str
    y: str
    names: tuple[str, str]
    shows: tuple[words.Show, words.Show]


SHAPE = Pair(x="d_model", y="depth", names=("width (d_model)", "depth (layers)"), shows=(words.whole, words.whole))
RATES = Pair(x="learning_rate", y="dropout", names=("learning rate", "dropout"), shows=(words.rate, words.decimal))


@dataclass(frozen=True, kw_only=True)
class Spot:
    """The best full trial at one place of the map."""

    x: float
    y: float
    loss: float  # [nats/token]
    number: int
    trials: int  # at this place


@dataclass(frozen=True, kw_only=True)
class Map:
    """Spots, the best first."""

    pair: Pair
    spots: tuple[Spot, ...]

    @property
    def title(self) -> str:
        """The finding."""
        best = self.spots[0]
        x, y = self.pair.shows
        noun = self.pair.names
        where = f"{_noun(noun[0])} {x(best.x)} and {_noun(noun[1])} {y(best.y)}"
        lowest = f"The lowest loss, {best.loss:.3f}, lies at {where}"
        if len(self.spots) < 2:
            return lowest
        return f"{lowest}; the next place is {words.gap(self.spots[1].loss - best.loss, 'worse', 'better', 'as good')}"

    @property
    def caption(self) -> str:
        """How to read it."""
        return (
            "Each mark is the best full trial at its place, the stronger its color the lower its loss. Trials differ"
            " in the other hyperparameters too, so a place may look worse than it is."
        )

    @property
    def table(self) -> Table:
        """Every place."""
        columns = (
            Column(name=self.pair.names[0], show=self.pair.shows[0]),
            Column(name=self.pair.names[1], show=self.pair.shows[1]),
            Column(name="loss", hint="nats/token", show=words.loss),
            Column(name="trial", show=words.whole),
            Column(name="trials here", show=words.whole),
        )
        return Table.of(columns, ((s.x, s.y, s.loss, s.number, s.trials) for s in self.spots), limit=30)

    def draw(self) -> go.Figure:
        """The figure."""
        x, y = ([getattr(spot, end) for spot in self.spots] for end in "xy")
        texts = [f"{spot.loss:.2f}" for spot in self.spots] if self.pair is SHAPE else None
        marks = go.Scatter(
            x=x, y=y, customdata=[[s.number, s.loss] for s in self.spots], mode="markers+text" if texts else "markers",
            text=texts, textposition="bottom center", textfont={"size": 11, "color": LIGHT.muted}, showlegend=False,
            marker={
                "color": [s.loss for s in self.spots], "colorscale": SCALE, "size": 22 if texts else 13,
                "symbol": "square" if texts else "circle", "line": {"width": 1, "color": LIGHT.muted},
                "cmin": self.spots[0].loss, "cmax": self._worst, "showscale": True,
                "colorbar": {"title": {"text": "loss", "font": {"size": 12}}, "thickness": 10, "outlinewidth": 0},
            },
            hovertemplate="trial %{customdata[0]}<br>%{x:.4~g}, %{y:.4~g}<br>%{customdata[1]:.3f} nats/token"
            "<extra></extra>",
        )  # fmt: skip
        return canvas([marks], x=self._axis(0, x), y=self._axis(1, y), margin={"l": 8, "r": 8, "t": 8, "b": 8})

    @property
    def _worst(self) -> float:
        """The loss that gets the weakest color: the median's distance twice over, so that a bad one takes none."""
        losses = [spot.loss for spot in self.spots]
        return min(losses[-1], losses[0] + 2 * (losses[len(losses) // 2] - losses[0]) or losses[-1])

    def _axis(self, i: int, values: list[float]) -> dict[str, Any]:
        name = self.pair.names[i]
        if (self.pair.x, self.pair.y)[i] == "learning_rate":
            return log_axis(name, values, words.compact_rate)
        if self.pair is not SHAPE:
            return axis(name)
        span = max(max(values) - min(values), 1) * 0.18
        return axis(name, tickvals=sorted(set(values)), range=[min(values) - span, max(values) + span])


def _noun(name: str) -> str:
    return name.partition(" (")[0]


def info(trials: pd.DataFrame, pair: Pair) -> Map:
    """From frames.trials. Raises MissingError when too few full trials ended, or they all lie at one place."""
    done = [
        row for row in rows(trials[trials["group"].isin(SHOWN)])
        if all(finite(row[name]) for name in ("value", pair.x, pair.y))
    ]  # fmt: skip
    places: dict[tuple[float, float], list[dict[str, Any]]] = {}
    for row in sorted(done, key=lambda row: (row["value"], row["number"])):
        places.setdefault((row[pair.x], row[pair.y]), []).append(row)
    if len(places) < FEWEST:
        raise MissingError(
            f"The full trials lie at {words.many(len(places), 'place')} of this map: nothing to compare."
        )
    spots = (
        Spot(x=x, y=y, loss=here[0]["value"], number=here[0]["number"], trials=len(here))
        for (x, y), here in places.items()
    )
    return Map(pair=pair, spots=tuple(spots))
