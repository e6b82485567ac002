"""Early stopping and plateaus, and that both outlive a checkpoint."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from advisor.spec.recipe import Recipe
from studies.job import Outcome, TrialJob
from studies.records import CurvePoint
from studies.trial import checkpoint, loop
from studies.trial.progress import Progress
from studies.trial.state import capture, digest, restore
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]
Train = Callable[..., tuple[Outcome, list[CurvePoint]]]


def seen(losses: list[float], **recipe: Any) -> Progress:
    progress = Progress(Recipe(learning_rate=1e-3, **recipe))
    for step, loss in enumerate(losses, 1):
        progress.see(loss, step)
    return progress


def test_patience_counts_evaluations_that_are_not_better_by_enough() -> None:
    falling = [3.0, 2.0, 1.99, 1.98]
    assert not seen(falling, patience=2).is_over
    assert seen(falling, patience=2, min_delta=0.05).is_over
    assert not seen(falling, patience=3, min_delta=0.05).is_over
    assert not seen([*falling, 1.9], patience=3, min_delta=0.05).is_over
    assert not seen([2.0] * 50).is_over  # no patience asked for: it never ends


def test_the_best_is_the_lowest_whatever_its_lead() -> None:
    progress = seen([3.0, 2.0, 1.99, 2.5], min_delta=0.5)
    assert (progress.best, progress.best_step) == (1.99, 3)


def test_a_plateau_is_torchs() -> None:
    pick = random.Random(0)
    for _ in range(20):
        values = {"plateau_factor": pick.uniform(0.1, 0.9), "plateau_patience": pick.randrange(4), "min_lr": 1e-5}
        progress = Progress(Recipe(learning_rate=1e-3, schedule="plateau", min_lr_ratio=0.0, **values))  # type: ignore[arg-type]
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=1e-3)
        theirs = ReduceLROnPlateau(
            optimizer, "min", values["plateau_factor"], int(values["plateau_patience"]), min_lr=1e-5
        )
        for step in range(30):
            loss = pick.uniform(1, 2)
            progress.see(loss, step)
            theirs.step(loss)
            assert progress.rate * 1e-3 == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_what_is_restored_goes_on_as_if_nothing_had_happened() -> None:
    recipe: dict[str, Any] = {"schedule": "plateau", "plateau_patience": 1, "plateau_factor": 0.5, "patience": 4}
    before = seen([2.0, 1.0, 1.5], **recipe)
    after = seen([], **recipe)
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))
    for loss in (1.2, 1.3, 1.4, 1.1):
        assert before.see(loss, 9) == after.see(loss, 9)
        assert (before.rate, before.is_over, before.state_dict()) == (after.rate, after.is_over, after.state_dict())
    assert before.is_over
    assert before.rate == 0.25


def test_a_run_out_of_patience_ends_early_with_its_best_loss(trial_job: Make, train: Train) -> None:
    job = trial_job(steps=1000, eval_every=5, patience=3, min_delta=100.0)
    outcome, points = train(job)
    losses = [p.validation_loss for p in points if p.validation_loss is not None]
    assert (outcome.state, outcome.value, len(losses)) == ("COMPLETE", min(losses), 4)
    assert outcome.message.startswith("stopped early: 3 evaluations and none better by 100; the best was at step")


def test_a_plateau_slows_a_run_down(trial_job: Make, train: Train) -> None:
    """No evaluation is 100 % better than the one before, so each counts as one more without progress."""
    recipe = {"schedule": "plateau", "plateau_factor": 0.5, "plateau_patience": 0, "min_lr_ratio": 0.0}
    _, points = train(trial_job(steps=100, eval_every=5, learning_rate=3e-2, warmup_steps=1, **recipe))
    rates = [point.learning_rate for point in points]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] == 3e-2


def test_best_and_last_are_left_and_the_best_is_the_best(trial_job: Make, tmp_path: Path, train: Train) -> None:
    """At a rate that is far too high, the last state is not the best one."""
    job = trial_job(steps=40, eval_every=4, learning_rate=0.2, schedule="constant", checkpoints=str(tmp_path))
    trainer = Trainer(job)
    _, points = train(job, trainer)
    losses = {point.step: point.validation_loss for point in points if point.validation_loss is not None}
    best, last = (checkpoint.load(tmp_path / f"{name}.safetensors") for name in ("best", "last"))
    assert last.values["steps_done"] == 40
    assert digest(last) == digest(capture(trainer))
    lowest = min(losses, key=lambda step: losses[step])
    assert best.values["steps_done"] == lowest < 40
    restore(trainer, best)
    assert trainer.evaluate(job.eval_batches) == losses[lowest]


def test_a_stopped_run_leaves_its_last_state_and_goes_on_from_it(trial_job: Make, tmp_path: Path) -> None:
    job = trial_job(steps=20, eval_every=5, checkpoints=str(tmp_path))
    whole = Trainer(job)
    loop.train(whole, job, report=lambda point: None, stopped=lambda: False)
    trainer = Trainer(job)
    loop.train(trainer, job, report=lambda point: None, stopped=lambda: trainer.steps_done == 13)
    again = Trainer(job)
    restore(again, checkpoint.load(tmp_path / "last.safetensors"))
    outcome = loop.train(again, job, report=lambda point: None, stopped=lambda: False)
    assert outcome.state == "COMPLETE"
    assert digest(capture(again)) == digest(capture(whole))
