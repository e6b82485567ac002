import dataclasses
import math
from collections.abc import Callable

import pytest

from advisor.errors import InputError
from studies.job import Outcome, SweepJob, TrialJob
from studies.records import CurvePoint
from studies.trial import lr_finder
from studies.trial.state import capture, digest
from studies.trial.trainer import Trainer

MakeTrial = Callable[..., TrialJob]
MakeSweep = Callable[..., SweepJob]
Train = Callable[..., tuple[Outcome, list[CurvePoint]]]


def sweep(trainer: Trainer, job: SweepJob) -> Outcome:
    return lr_finder.run(trainer, job, stopped=lambda: False)


def test_a_real_sweep_names_a_centre_that_trains_better_than_its_ends(
    sweep_job: MakeSweep, trial_job: MakeTrial, train: Train
) -> None:
    job = sweep_job()
    outcome = sweep(Trainer(job), job)
    record = outcome.sweep
    assert outcome.state == "COMPLETE"
    assert record is not None
    assert record.agrees
    assert record.restored
    assert set(record.rules) == {"drop30", "drop50", "drop70", "steepest", "valley", "edge", "minimum/10"}
    assert len(record.learning_rates) == len(record.losses) == len(record.smoothed) > 50
    centre = record.centre
    assert centre is not None
    assert record.low < centre < record.high <= record.rules.get("edge", job.high)
    assert record.horizon > 0
    at = {rate: train(trial_job(learning_rate=rate, steps=80))[0].value for rate in (centre / 64, centre, centre * 64)}
    assert at[centre] == min(value for value in at.values() if value is not None)


def test_a_sweep_leaves_no_trace_in_what_follows(sweep_job: MakeSweep, trial_job: MakeTrial, train: Train) -> None:
    """Also in the middle of a run: moments, random numbers and the data's position are all in use by then."""
    job = trial_job()

    def run(with_sweep: bool) -> tuple[str, tuple[Outcome, list[CurvePoint]]]:
        trainer = Trainer(job)
        trainer.step(1e-3)
        if with_sweep:
            outcome = sweep(trainer, sweep_job(steps=20))
            assert outcome.sweep is not None
            assert outcome.sweep.restored
        return digest(capture(trainer)), train(job, trainer)

    assert run(with_sweep=True) == run(with_sweep=False)


def test_a_sweep_repeats_itself_to_the_bit(sweep_job: MakeSweep) -> None:
    job = sweep_job(steps=30)
    first, second = (sweep(Trainer(job), job).sweep for _ in range(2))
    assert first is not None
    assert second is not None
    assert dataclasses.replace(first, seconds=0.0) == dataclasses.replace(second, seconds=0.0)


def test_an_explosion_ends_the_ramp_and_is_not_part_of_the_curve(sweep_job: MakeSweep) -> None:
    job = sweep_job(high=1e6)
    record = sweep(Trainer(job), job).sweep
    assert record is not None
    assert 10 <= len(record.losses) < 100
    assert max(record.losses) < 2 * math.log(256)
    assert record.rules["edge"] < 10
    assert record.restored


@pytest.mark.parametrize(("low", "reason"), [(1e3, "diverged"), (1e35, "nan")])
def test_a_ramp_too_short_to_read_is_pruned(sweep_job: MakeSweep, low: float, reason: str) -> None:
    job = sweep_job(low=low, high=low * 10)
    trainer = Trainer(job)
    before = digest(capture(trainer))
    outcome = sweep(trainer, job)
    assert (outcome.state, outcome.reason, outcome.sweep) == ("PRUNED", reason, None)
    assert "of 100 steps" in outcome.message
    assert digest(capture(trainer)) == before


def test_a_ramp_too_low_to_learn_keeps_its_own_bounds(sweep_job: MakeSweep) -> None:
    job = sweep_job(low=1e-9, high=1e-8, steps=20)
    record = sweep(Trainer(job), job).sweep
    assert record is not None
    assert not record.agrees
    assert (record.low, record.high) == (1e-9, 1e-8)
    assert "did not fall" in record.verdict


def test_a_stopped_sweep_is_pruned_and_restored(sweep_job: MakeSweep) -> None:
    job = sweep_job()
    trainer = Trainer(job)
    before = digest(capture(trainer))
    outcome = lr_finder.run(trainer, job, stopped=lambda: trainer.steps_done == 15)
    assert (outcome.state, outcome.reason, outcome.sweep) == ("PRUNED", "rung", None)
    assert digest(capture(trainer)) == before


def test_the_record_says_which_model_was_swept(sweep_job: MakeSweep) -> None:
    job = sweep_job(steps=12)
    record = sweep(Trainer(job), job).sweep
    assert record is not None
    assert record.point | {
        "dropout": 0.1, "depth": 1, "d_model": 32, "heads": 2, "hidden": 128, "batch": 8, "weight_decay": 0.1
    } == record.point  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"steps": 9}, {"steps": 2001}, {"low": 0.0}, {"low": 2.0}, {"high": float("inf")}, {"low": float("nan")}],
    ids=str,
)
def test_a_ramp_that_is_none_is_refused(sweep_job: MakeSweep, change: dict[str, float]) -> None:
    with pytest.raises(InputError, match="sweep"):
        sweep_job(**change)
