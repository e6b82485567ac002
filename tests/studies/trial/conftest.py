import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch

from advisor.spec import Decoder, Plan
from advisor.spec.recipe import Recipe
from studies.job import Data, Device, Outcome, SweepJob, TrialJob
from studies.records import CurvePoint
from studies.trial import loop
from studies.trial.trainer import Trainer

TINY = Decoder.gpt(vocab=256, context=32, d_model=32, depth=1, heads=2, dropout=0.1)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """As the jobs below ask for: sums in a fixed order."""
    torch.set_num_threads(1)


@pytest.fixture
def trial_job() -> Callable[..., TrialJob]:
    """A job that takes a fraction of a second; fields of the job, its plan or its recipe can be set by name."""
    return lambda **changes: _with(
        changes,
        TrialJob(
            model=TINY,
            plan=Plan(batch=8, sequence=32, precision="fp32"),
            recipe=Recipe(learning_rate=4e-3),
            data=Data(),
            device=Device(),
            seed=1,
            steps=20,
            eval_every=10,
            eval_batches=2,
            flops_per_step=1e6,
        ),
    )


@pytest.fixture
def sweep_job() -> Callable[..., SweepJob]:
    """An LR range test of the same model and data, over far more than the ramp of a study."""
    return lambda **changes: _with(
        changes,
        SweepJob(
            model=TINY,
            plan=Plan(batch=8, sequence=32, precision="fp32"),
            recipe=Recipe(learning_rate=4e-3),
            data=Data(),
            device=Device(),
            seed=1,
            low=1e-4,
            high=1.0,
            steps=100,
        ),
    )


@pytest.fixture
def train() -> Callable[[TrialJob, Trainer], tuple[Outcome, list[CurvePoint]]]:
    """Runs a trial in this process, to its end; `seconds`, which no two runs share, are set to zero."""

    def run(job: TrialJob, trainer: Trainer | None = None) -> tuple[Outcome, list[CurvePoint]]:
        points: list[CurvePoint] = []
        outcome = loop.train(trainer or Trainer(job), job, report=points.append, stopped=lambda: False)
        return outcome, [dataclasses.replace(point, seconds=0.0) for point in points]

    return run


def _with(changes: dict[str, Any], job: Any) -> Any:
    for part in ("recipe", "plan"):  # both have a grad_clip: the recipe says how much
        whole = changes.get(part, getattr(job, part))
        known = {field.name for field in dataclasses.fields(whole)} & changes.keys()
        changes[part] = dataclasses.replace(whole, **{name: changes.pop(name) for name in known})
    return dataclasses.replace(job, **changes)
