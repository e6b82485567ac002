"""The parts of make bench-lr on curves whose answers are known."""

import statistics

import numpy as np
import pytest

from studies import ramp
from studies.records import Kind
from studies.trial import lr_answer
from tests.bench.lr import calibration, rows
from tests.bench.lr.answers import ELSEWHERE, OURS, RULES, errors
from tests.bench.lr.results import RAMP, RAMPS, Results
from tests.bench.lr.rivals import RIVALS, fastai_minimum, fastai_steep, lightning, torch_lr_finder
from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import DRIFTING, GRID, SHAPES, WIDTHS, Shape, of_width
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


def test_losses_of_seeds_are_averaged_and_the_best_is_where_all_have_runs() -> None:
    rows = [Trained(shape="", seed=s, learning_rate=r, loss=2.0 + s) for s in (0, 1) for r in GRID[:5]]
    rows += [Trained(shape="", seed=0, learning_rate=GRID[5], loss=1.0)]
    found = Truth(rows)
    assert found.losses == pytest.approx([2.5] * 5 + [1.0])
    assert found.best_rate < GRID[5]
    assert [list(one.losses) for one in found.of_seeds()] == [[2.0] * 5 + [1.0], [3.0] * 5]


def test_before_a_cliff_the_best_is_a_run() -> None:
    """A parabola through the cliff would have its bottom far below."""
    losses = [2.4, 2.3, 2.25, 2.24, 2.6, 2.7]
    found = Truth([Trained(shape="", seed=0, learning_rate=r, loss=v) for r, v in zip(GRID, losses, strict=False)])
    assert (found.best_rate, found.lowest) == (pytest.approx(GRID[3]), 2.24)


def test_rules_of_others_follow_the_curve() -> None:
    """A mean over the past moves what falls to the right; a slope by the rate itself lies far to the left."""
    for name, rule in RIVALS.items():
        assert 1e-5 < rule(RATES, FALL) < 1.0, name
        assert rule(RATES, FALL + 1.0) == pytest.approx(rule(RATES, FALL)), name
    assert lightning(RATES, FALL) < fastai_steep(RATES, FALL)
    assert torch_lr_finder(RATES, FALL) > 3e-3
    assert fastai_minimum(RATES, FALL) > 0.01


@pytest.fixture(scope="module")
def results() -> Results:
    truth, sweeps = rows.Table(rows.FOLDER / "truth.csv", Trained), rows.Table(rows.FOLDER / "sweeps.csv", Swept)
    return Results.of(SHAPES, DRIFTING, truth.rows, sweeps.rows)


def test_nothing_is_left_to_train_around_the_best_rates(results: Results) -> None:
    assert len(results.shapes) >= 21
    assert sum(shape.held_out for shape in results.shapes) >= 6
    for shape in results.shapes:
        assert len(results.truths[shape.name].seeds) >= 3
        assert all(len(results.sweeps[ramp][shape.name]) == len(rows.SWEEP_SEEDS) for ramp in RAMPS)


def test_our_answers_are_nearer_than_the_rules_of_others(results: Results) -> None:
    def mean_error(rule: str) -> float:
        return statistics.fmean(abs(octaves) for octaves, _ in errors(RULES[rule], results, results.shapes))

    assert max(mean_error(OURS), mean_error(ELSEWHERE)) < min(mean_error(rival) for rival in RIVALS)


def test_answers_without_the_shape_are_as_good_as_docs_say(results: Results) -> None:
    found = list(errors(RULES[ELSEWHERE], results, results.shapes))
    assert len(found) == len(rows.SWEEP_SEEDS) * len(results.shapes)
    assert statistics.fmean(abs(octaves) for octaves, _ in found) <= 0.5
    assert statistics.fmean(abs(octaves) <= 1 for octaves, _ in found) >= 0.9
    assert statistics.fmean(regret for _, regret in found) <= 0.02


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_sweeps_are_those_of_a_study(shape: Shape) -> None:
    model, plan = shape.model(64), shape.plan
    low, high = ramp.ends_of(model, plan)
    of_study = {"steps": ramp.STEPS, "batch": int(ramp.plan_of(plan).batch), "low": low, "high": high}
    assert RAMP.of(shape) == of_study


def test_the_interval_holds_the_best_rate_of_about_nine_sweeps_in_ten(results: Results) -> None:
    def holds(shape: Shape, sweep: Swept) -> bool:
        interval = calibration.record(shape, [sweep]).interval
        return interval is not None and interval[0] <= results.truths[shape.name].best_rate <= interval[1]

    held = [holds(shape, sweep) for shape in results.shapes for sweep in results.sweeps[RAMP][shape.name]]
    assert 0.85 <= sum(held) / len(held) < 1.0  # of all shapes, those that it was not calibrated on too


@pytest.mark.parametrize("kind", lr_answer.READS_LOW)
def test_the_constants_of_the_answer_are_those_of_the_shapes_that_are_not_held_out(
    results: Results, kind: Kind
) -> None:
    shapes = [shape for shape in results.shapes if shape.kind == kind and not shape.held_out]
    found = calibration.reads_low(shapes, results.truths, results.sweeps[RAMP])
    assert found == pytest.approx(dict(lr_answer.READS_LOW[kind]), abs=0.1)


def test_with_mup_the_best_rate_stays_over_eight_times_the_width(results: Results) -> None:
    def drift(base: int | None) -> float:
        best = [results.truths[of_width(width, base)].best for width in WIDTHS[1:]]
        return max(best) - min(best)

    assert drift(32) < 0.5
    assert drift(256) < drift(None) / 3
