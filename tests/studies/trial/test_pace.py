import time
from collections.abc import Callable

import pytest

from studies.job import TrialJob
from studies.records import CurvePoint
from studies.trial import loop
from studies.trial.pace import Pace
from studies.trial.trainer import Trainer


def point(step: int, seconds: float, validation_loss: float | None = None) -> CurvePoint:
    return CurvePoint(
        step=step, tokens=0, flops=0, seconds=seconds, train_loss=3.0, validation_loss=validation_loss, learning_rate=0
    )


def test_steps_and_evaluations_are_told_apart() -> None:
    curve = [point(1, 9.0), point(2, 9.1), point(4, 9.3), point(5, 9.4), point(6, 10.0, 3.0)]
    pace = Pace.of(curve)
    assert pace.step == pytest.approx(0.1)
    assert pace.evaluation == pytest.approx(0.5)
    assert pace.seconds(steps=100, eval_every=40) == pytest.approx(10 + 3 * 0.5)


def test_a_short_trial_predicts_a_long_one(trial_job: Callable[..., TrialJob]) -> None:
    """Within a factor of two: the machine may have other work to do."""
    probe, trial = trial_job(steps=8, eval_every=8), trial_job(steps=150, eval_every=50)
    points: list[CurvePoint] = []
    loop.train(Trainer(probe), probe, report=points.append, stopped=lambda: False)
    trainer = Trainer(trial)
    began = time.perf_counter()
    loop.train(trainer, trial, report=lambda _: None, stopped=lambda: False)
    took = time.perf_counter() - began
    assert took / 2 < Pace.of(points).seconds(150, 50) < took * 2
