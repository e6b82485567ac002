"""How much of the variation in the validation loss each hyperparameter accounts for."""

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from reports import words
from reports.card import MissingError
from reports.figures.canvas import NO_LEGEND, axis, canvas, label
from reports.numbers import finite
from reports.table import Column, Table
from reports.theme import LIGHT

FEW = 20  # finished trials below which an importance is a hint; Optuna's own examples use 100


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Shares in 0..1 by hyperparameter, the largest first, and the number of trials they were estimated from."""

    shares: dict[str, float]
    trials: int

    @property
    def title(self) -> str:
        """The finding."""
        name, share = next(iter(self.shares.items()))
        return f"{words.text(name)} matters most: {words.percent(share)} of the variation in the loss"

    @property
    def caption(self) -> str:
        """How to read it."""
        hint = f" From so few ({self.trials}) this is a hint, not a measurement." if self.trials < FEW else ""
        return f"Share of the variation in the validation loss by hyperparameter, estimated from the trials.{hint}"

    @property
    def table(self) -> Table:
        """All shares."""
        columns = (Column(name="hyperparameter", numeric=False), Column(name="share", show=words.percent))
        return Table.of(columns, self.shares.items())

    def draw(self) -> go.Figure:
        """The figure."""
        names, shares = list(self.shares), list(self.shares.values())
        bars = go.Bar(
            x=shares, y=[label(name) for name in names], orientation="h", marker={"color": LIGHT.complete},
            text=[words.percent(s) for s in shares], textposition="outside", cliponaxis=False, hoverinfo="skip",
        )  # fmt: skip
        x = axis("share of the variation", tickformat=".0%", range=[0, 1.15 * max(shares)], showgrid=False)
        return canvas(
            [bars],
            x=x,
            y=axis("", autorange="reversed", showgrid=False),
            bargap=0.4,
            height=70 + 44 * len(names),
            margin=NO_LEGEND,
        )


def info(importances: dict[str, float], trials: pd.DataFrame) -> Importance:
    """From the record's importances. Raises MissingError when the study estimated none."""
    shares = sorted(((n, s) for n, s in importances.items() if finite(s)), key=lambda item: (-item[1], item[0]))
    if not shares or shares[0][1] <= 0:
        raise MissingError("Too few trials finished to tell which hyperparameter matters.")
    finished = int(((trials["state"] != "FAIL") & (trials["role"] == "search")).sum())
    return Importance(shares=dict(shares), trials=finished)
