import math

import pytest

from reports.card import MissingError
from reports.figures import importance
from reports.frames import frames
from tests.reports.sample import study


def info(shares: dict[str, float]) -> importance.Importance:
    return importance.info(shares, frames(study()).trials)


def test_the_largest_share_comes_first_and_is_the_title() -> None:
    found = info({"dropout": 0.1, "learning_rate": 0.62, "depth": 0.28})
    assert list(found.shares) == ["learning_rate", "depth", "dropout"]
    assert found.title == "learning_rate matters most: 62 % of the variation in the loss"
    assert list(found.draw().data[0].x) == [0.62, 0.28, 0.1]


def test_few_trials_give_a_hint_only() -> None:
    found = info({"depth": 1.0})
    assert found.trials == 13  # of 15, 2 failed
    assert "From so few (13) this is a hint" in found.caption
    assert "hint" not in importance.Importance(shares={"depth": 1.0}, trials=importance.FEW).caption


@pytest.mark.parametrize("shares", [{}, {"depth": math.nan}, {"depth": 0.0, "dropout": 0.0}])
def test_no_importance_is_said(shares: dict[str, float]) -> None:
    with pytest.raises(MissingError, match="Too few trials"):
        info(shares)


def test_names_are_text_to_the_figure() -> None:
    assert list(info({"<b>x</b>": 1.0}).draw().data[0].y) == ["&lt;b&gt;x&lt;/b&gt;"]
