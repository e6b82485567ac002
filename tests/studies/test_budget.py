"""Forecast, allotment and clock."""

import math

import pytest

from advisor.errors import InfeasibleError
from studies.coordinator.allotment import MAX_EPOCHS, allot
from studies.coordinator.clock import Clock
from studies.coordinator.forecast import MAX_MARGIN, MIN_MARGIN, Forecast
from studies.job import TrialJob
from studies.records import CurvePoint
from studies.strategy.parts import MARGIN, Part
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


def test_time_lies_on_a_line_through_what_was_seen_and_of_one_model_goes_with_flops() -> None:
    forecast = Forecast()
    for flops in (1e6, 1e8, 1e9):
        observed(forecast, trial_job(flops_per_step=flops), step=0.002 + 1e-10 * flops)
    for flops in (1e5, 1e6, 4e6, 5e7, 1e8, 4e8, 1e9, 2e9):
        assert forecast.step_seconds(flops) == pytest.approx(0.002 + 1e-10 * flops)
    job = trial_job(flops_per_step=5e7)
    assert forecast.seconds(job) == pytest.approx(START_UP + 20 * 0.007 + 4 * EVALUATION)
    alone = Forecast()
    observed(alone, trial_job(flops_per_step=1e8), step=0.012)
    assert [alone.step_seconds(flops) for flops in (5e7, 1e8, 2e8)] == pytest.approx([0.006, 0.012, 0.024])


def test_dropout_makes_steps_longer_and_evaluations_not() -> None:
    forecast = Forecast()
    observed(forecast, trial_job(flops_per_step=1e8, has_dropout=True), step=0.018)
    assert forecast.step_seconds(1e8) == pytest.approx(0.018)  # what would it be without?
    observed(forecast, trial_job(flops_per_step=1e8), step=0.012)
    observed(forecast, trial_job(flops_per_step=1e9), step=0.102)
    for flops in (1e8, 5e8, 1e9):
        bare, dropping = (trial_job(flops_per_step=flops, has_dropout=has) for has in (False, True))
        step = 0.002 + 1e-10 * flops
        assert forecast.seconds(bare) == pytest.approx(START_UP + 20 * step + 4 * EVALUATION)
        assert forecast.seconds(dropping) == pytest.approx(START_UP + 20 * 1.5 * step + 4 * EVALUATION)
        assert forecast.step_seconds(flops, has_dropout=True) == pytest.approx(1.5 * step)


def test_what_a_step_takes_whatever_its_size_is_told_in_flops() -> None:
    alike, growing, even = Forecast(), Forecast(), Forecast()
    for flops in (1e6, 1e8, 1e9):
        observed(growing, trial_job(flops_per_step=flops), step=0.002 + 1e-10 * flops)
        observed(even, trial_job(flops_per_step=flops), step=1e-10 * flops)
        observed(alike, trial_job(flops_per_step=flops), step=0.002)
    assert growing.overhead() == pytest.approx(2e7)
    assert even.overhead() == pytest.approx(0.0, abs=1.0)
    assert alike.overhead() == math.inf


def test_a_machine_that_stalls_once_and_one_that_slows_down() -> None:
    forecast, ends = Forecast(), []
    for step in (0.01, 0.01, 0.05, 0.01, 0.03, 0.03):
        observed(forecast, trial_job(), step=step)
        ends.append(forecast.step_seconds(1e6))
    assert ends == pytest.approx([0.01, 0.01, 0.01, 0.01, 0.03, 0.03])


def test_the_margin_is_what_predictions_were_off_but_for_one_stall() -> None:
    forecast, margins = Forecast(), []
    for step in (0.01, 0.01, 0.01, 0.05, 0.01, 0.01, 0.01, 0.01, 0.012, 0.012):
        observed(forecast, trial_job(), step=step)
        margins.append(forecast.margin)
    assert margins[:4] == [MARGIN] * 4  # nothing but the prior
    assert margins[6:8] == [MIN_MARGIN] * 2  # in spite of the stall
    factor = (START_UP + 20 * 0.012 + 4 * EVALUATION) / (START_UP + 20 * 0.01 + 4 * EVALUATION)
    assert margins[-1] == pytest.approx(factor)
    for step in (0.1, 1.0, 10.0, 100.0):
        observed(forecast, trial_job(), step=step)
    assert forecast.margin == MAX_MARGIN


def test_a_curve_too_short_to_read_says_nothing() -> None:
    forecast = Forecast()
    job = trial_job(steps=20, eval_every=20)
    for length in (0, 1, 10):  # none with an evaluation
        forecast.observe(job, curve(job)[:length], 1.0)
    assert forecast.is_empty


def plan(tokens: int, trials: int) -> list[Part]:
    """One trial beside those of the search, and two after them; each takes 1 s and 1 ms per token."""
    return [Part.alike(1 + trials, 1 + tokens / 1000), Part.alike(2, 1 + tokens / 1000)]


def test_the_most_tokens_that_let_all_trials_be_started() -> None:
    slots, seconds = 8 + 3, 10.0
    allotment = allot(
        seconds_left=MARGIN * slots * seconds + 0.001, plan=plan, min_tokens=10, train_tokens=10**6, trials=8
    )
    assert (allotment.tokens_per_trial, allotment.trials) == (9000, 8)


def test_two_at_a_time_have_more_tokens() -> None:
    allotment = allot(
        seconds_left=MARGIN * (4 + 1) * 10.0 + 0.001, plan=plan, min_tokens=10, train_tokens=10**6, trials=7, at_once=2
    )
    assert (allotment.tokens_per_trial, allotment.trials) == (9000, 7)


def test_tokens_end_at_a_few_epochs() -> None:
    allotment = allot(seconds_left=1e6, plan=plan, min_tokens=10, train_tokens=1000, trials=8)
    assert allotment.tokens_per_trial == MAX_EPOCHS * 1000


def test_a_short_budget_has_fewer_trials_of_the_least_tokens() -> None:
    for seconds_left, trials in ((MARGIN * 6 * 10.0 + 0.1, 3), (21.0, 1)):
        allotment = allot(seconds_left=seconds_left, plan=plan, min_tokens=9000, train_tokens=10**6, trials=8)
        assert (allotment.tokens_per_trial, allotment.trials) == (9000, trials)


def test_a_budget_for_less_than_one_trial_is_refused() -> None:
    with pytest.raises(InfeasibleError, match=r"one trial of 9000 tokens, .* take 20.0 s, but only 19.0 s are left"):
        allot(seconds_left=19.0, plan=plan, min_tokens=9000, train_tokens=10**6, trials=8)


def test_the_clock_goes_on_from_what_was_spent() -> None:
    clock = Clock()
    clock.set(60.0, spent_seconds=50.0)
    assert 50.0 <= clock.spent < 51.0
    assert clock.left == pytest.approx(10.0, abs=1.0)
