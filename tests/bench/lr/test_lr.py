"""The parts of make bench-lr on curves whose answers are known."""

import statistics

import numpy as np
import pytest

from tests.bench.lr import rows
from tests.bench.lr.__main__ import OURS, RULES, errors
from tests.bench.lr.rivals import RIVALS, fastai_minimum, fastai_steep, lightning, torch_lr_finder
from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import GRID, SHAPES
from tests.bench.lr.truth import Truth

RATES = np.geomspace(1e-5, 1.0, 100)
# a logistic fall around 3e-3, and up again from 0.2 on
FALL = 5.0 - 2.0 / (1 + np.exp((np.log(3e-3) - np.log(RATES)) / 0.7)) + np.maximum(0, np.log2(RATES / 0.2)) ** 2


def truth(best: float) -> Truth:
    losses = 2.0 + 0.01 * (np.log2(GRID) - np.log2(best)) ** 2
    return Truth([Trained(shape="", seed=0, learning_rate=r, loss=v) for r, v in zip(GRID, losses, strict=True)])


@pytest.mark.parametrize("best", [2e-3, 5e-3, 2.2e-2])
def test_the_best_rate_is_found_between_the_runs(best: float) -> None:
    found = truth(best)
    assert found.best_rate == pytest.approx(best, rel=1e-3)
    assert found.lowest == pytest.approx(2.0, abs=1e-6)
    assert found.regret(best * 4) == pytest.approx(0.04, abs=1e-6)


def test_losses_of_seeds_are_averaged() -> None:
    rows = [Trained(shape="", seed=s, learning_rate=r, loss=2.0 + s) for s in (0, 1) for r in GRID]
    assert Truth(rows).losses == pytest.approx([2.5] * len(GRID))


def test_rules_of_others_follow_the_curve() -> None:
    """A mean over the past moves what falls to the right; a slope by the rate itself lies far to the left."""
    for name, rule in RIVALS.items():
        assert 1e-5 < rule(RATES, FALL) < 1.0, name
        assert rule(RATES, FALL + 1.0) == pytest.approx(rule(RATES, FALL)), name
    assert lightning(RATES, FALL) < fastai_steep(RATES, FALL)
    assert torch_lr_finder(RATES, FALL) > 3e-3
    assert fastai_minimum(RATES, FALL) > 0.01


def test_on_what_was_trained_our_answers_are_nearer_than_the_rules_of_others() -> None:
    truth, sweeps = rows.Table(rows.FOLDER / "truth.csv", Trained), rows.Table(rows.FOLDER / "sweeps.csv", Swept)
    standard = [shape for shape in SHAPES if shape.plan.parametrization == "standard"]
    trained = {shape.name: [row for row in truth.rows if row.shape == shape.name] for shape in standard}
    complete = [shape for shape in standard if len(trained[shape.name]) == len(shape.seeds) * len(GRID)]
    assert len(complete) >= 8
    truths = {shape.name: Truth(trained[shape.name]) for shape in complete}

    def mean_error(rule: str) -> float:
        found = [e for of_one in errors(RULES[rule], complete, truths, sweeps.rows) for e in of_one]
        return statistics.fmean(abs(octaves) for octaves, _ in found)

    assert mean_error(OURS) < min(mean_error(rival) for rival in RIVALS)
