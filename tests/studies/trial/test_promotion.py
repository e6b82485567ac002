"""A trial that goes on from a shorter one is, to the bit, the trial that began at the start."""

import dataclasses
import os
from pathlib import Path

import pytest

from studies import promotion
from studies.job import Recipe, TrialJob
from studies.records import CurvePoint
from studies.trial import loop
from studies.trial.state import capture, digest
from studies.trial.trainer import Trainer
from tests.studies.examples import trial_job

WARMUP = 4  # steps, of both


def job(steps: int, schedule: str = "wsd") -> TrialJob:
    recipe = Recipe(learning_rate=3e-3, schedule=schedule, warmup_ratio=WARMUP / steps)  # type: ignore[arg-type]
    return trial_job(steps=steps, recipe=recipe)


def trained(job: TrialJob, said: list[str] | None = None) -> tuple[str, list[CurvePoint]]:
    """The state at the end, and the curve; `said` gets what is said of a restart."""
    trainer, curve, said = Trainer(job), list[CurvePoint](), [] if said is None else said
    loop.train(trainer, job, report=curve.append, stopped=lambda: False, restarted=said.append)
    return digest(capture(trainer)), curve


def test_a_promoted_trial_is_the_one_that_began_at_the_start(tmp_path: Path) -> None:
    short, full, path = job(12), job(40), tmp_path / "trunk.safetensors"
    trained(promotion.leaving(short, path))
    whole, curve = trained(full)
    promoted, rest = trained(promotion.continuing(full, short, path))
    assert promoted == whole
    assert rest[0].step > 9
    assert rest[-1].validation_loss == curve[-1].validation_loss


@pytest.mark.parametrize("share", [None, 0.0, 0.01, 0.5, 0.999], ids=str)
def test_without_the_whole_file_it_begins_at_the_start_and_says_so(share: float | None, tmp_path: Path) -> None:
    short, full, path, said = job(12), job(20), tmp_path / "trunk.safetensors", list[str]()
    if share is not None:
        trained(promotion.leaving(short, path))
        os.truncate(path, int(share * path.stat().st_size))
    promoted, curve = trained(promotion.continuing(full, short, path), said)
    assert (promoted, curve[0].step) == (trained(full)[0], 1)
    assert len(said) == 1
    assert said[0].startswith(f"cannot read checkpoint {path}: ")


@pytest.mark.parametrize(
    ("full", "short"),
    [(job(40, "cosine"), job(12, "cosine")), (job(40), trial_job(steps=12, recipe=Recipe(learning_rate=3e-3)))],
    ids=["its steps depend on its length", "another warm-up"],
)
def test_trials_whose_steps_differ_do_not_go_on(full: TrialJob, short: TrialJob, tmp_path: Path) -> None:
    path = tmp_path / "trunk.safetensors"
    assert promotion.continuing(full, short, path) == full
    cosine = dataclasses.replace(short, recipe=dataclasses.replace(short.recipe, schedule="cosine"))
    assert promotion.leaving(cosine, path) == cosine
