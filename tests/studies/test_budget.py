"""Forecast, allotment and clock."""

import pytest

from advisor.errors import InfeasibleError
from studies.coordinator.allotment import MAX_EPOCHS, OTHERS, allot
from studies.coordinator.clock import Clock
from studies.coordinator.forecast import Forecast
from studies.job import TrialJob
from studies.records import CurvePoint
from tests.studies.examples import trial_job

STEP, EVALUATION, START_UP = 0.01, 0.05, 0.3  # [s]


def curve(job: TrialJob, step: float = STEP, evaluation: float = EVALUATION) -> tuple[CurvePoint, ...]:
    """The curve of a job whose steps and evaluations take these times."""
    points = []
    for i in range(1, job.steps + 1):
        evaluates = i % job.eval_every == 0 or i == job.steps
        points.append(
            CurvePoint(
                step=i,
                tokens=i,
                flops=i * job.flops_per_step,
                seconds=i * step + -(-i // job.eval_every if i == job.steps else -(i // job.eval_every)) * evaluation,
                train_loss=1.0,
                validation_loss=1.0 if evaluates else None,
                learning_rate=1e-3,
            )
        )
    return tuple(points)


def observed(forecast: Forecast, job: TrialJob, step: float = STEP) -> None:
    points = curve(job, step)
    forecast.observe(job, points, points[-1].seconds + START_UP)


def test_a_job_of_the_same_model_takes_as_long_per_step() -> None:
    forecast = Forecast()
    observed(forecast, trial_job(steps=20, eval_every=5))
    longer = trial_job(steps=200, eval_every=50)
    assert forecast.seconds(longer) == pytest.approx(START_UP + 200 * STEP + 4 * EVALUATION)
    assert forecast.step_seconds(longer.flops_per_step) == pytest.approx(STEP)


def test_more_validation_batches_take_longer() -> None:
    forecast = Forecast()
    observed(forecast, trial_job(eval_batches=1))
    seconds = START_UP + 20 * STEP + 4 * 3 * EVALUATION
    assert forecast.seconds(trial_job(eval_batches=3)) == pytest.approx(seconds)


def test_the_nearest_model_is_asked_and_scaled_by_flops() -> None:
    forecast = Forecast()
    observed(forecast, trial_job(flops_per_step=1e6), step=0.002)  # small: 2 ns per FLOP
    observed(forecast, trial_job(flops_per_step=1e9), step=0.1)  # large: 0.1 ns per FLOP
    assert forecast.step_seconds(2e6) == pytest.approx(0.004)
    assert forecast.step_seconds(4e8) == pytest.approx(0.04)


def test_the_latest_of_two_equals_counts() -> None:
    forecast = Forecast()
    for step in (0.01, 0.03):
        observed(forecast, trial_job(), step=step)
    assert forecast.step_seconds(1e6) == pytest.approx(0.03)


def test_a_curve_too_short_to_read_says_nothing() -> None:
    forecast = Forecast()
    job = trial_job(steps=20, eval_every=20)
    for length in (0, 1, 10):  # none with an evaluation
        forecast.observe(job, curve(job)[:length], 1.0)
    assert forecast.is_empty


def test_the_most_tokens_that_let_all_trials_fit() -> None:
    allotment = allot(
        seconds_left=100.0, mean_seconds=lambda t: 1 + t / 1000, min_tokens=10, train_tokens=10**6, trials=8
    )
    assert allotment.tokens_per_trial == 9000  # 10 slots of 10 s
    assert allotment.trials == 8


def test_tokens_end_at_a_few_epochs_and_more_trials_fit() -> None:
    allotment = allot(seconds_left=1e6, mean_seconds=lambda t: 1 + t / 1000, min_tokens=10, train_tokens=1000, trials=8)
    assert allotment.tokens_per_trial == MAX_EPOCHS * 1000


def test_a_short_budget_has_fewer_trials_of_the_least_tokens() -> None:
    allotment = allot(seconds_left=50.0, mean_seconds=lambda t: t / 100, min_tokens=1000, train_tokens=10**6, trials=8)
    assert allotment.tokens_per_trial == 1000
    assert allotment.trials == 5 - OTHERS


def test_a_budget_for_less_than_one_trial_is_refused() -> None:
    with pytest.raises(InfeasibleError, match=r"three trials of 1000 tokens take 30.0 s, but only 29.0 s are left"):
        allot(seconds_left=29.0, mean_seconds=lambda t: t / 100, min_tokens=1000, train_tokens=10**6, trials=8)


def test_the_clock_goes_on_from_what_was_spent() -> None:
    clock = Clock()
    clock.set(60.0, spent_seconds=50.0)
    assert 50.0 <= clock.spent < 51.0
    assert clock.left == pytest.approx(10.0, abs=1.0)
