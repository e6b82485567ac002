"""The maximal update parametrization: what a layer puts out moves as far at every width (a coordinate check)."""

import dataclasses
import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from advisor.ledger import parameter_roles
from advisor.ledger.mup import width_scales
from advisor.spec import BDH, Model, Plan
from search_spaces.families import FAMILIES, Sizes
from studies.job import Data, TrialJob
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]
Widths = dict[int, dict[str, float]]

BASE, WIDTHS = 32, (32, 256)
VOCABULARIES = {"decoder": 256, "encoder": 257, "seq2seq": 23, "bdh": 256}
PAIRS = {"data": Data(source="copy:8"), "batch": 32, "sequence": 8, "target_sequence": 9}
# what lies behind a matrix of the width; of BDH, whose levels have norms of nothing but their input, the head
WATCHED = ("attention.out", "cross.out", "mlp.down", "head", "head.decoder")


def model_of(family: str, width: int, *, tied: bool = True, heads: int | None = None) -> Model:
    """Heads of 16, or so many."""
    sizes = Sizes(
        vocab=VOCABULARIES[family],
        context=32,
        d_model=width,
        depth=2,
        heads=heads or width // 16,
        hidden=4 * width,
        dropout=0.0,
    )
    model = FAMILIES[family](sizes)
    return (
        model if isinstance(model, BDH) else dataclasses.replace(model, head=dataclasses.replace(model.head, tied=tied))
    )


def job_of(make: Make, model: Model, parametrization: str, **changes: Any) -> TrialJob:
    values: dict[str, Any] = {"learning_rate": 1e-3, "grad_clip": 0.0, "parametrization": parametrization}
    return make(model=model, base_width=BASE, **values, **changes)


def outputs(trainer: Trainer) -> dict[str, Tensor]:
    """What the watched layers put out for one and the same batch."""
    seen: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[..., None]:
        return lambda module, given, out: seen.update({name: out.clone()})

    watched = {n: m for n, m in trainer.module.named_modules() if n.endswith(WATCHED) and isinstance(m, nn.Linear)}
    hooks = [m.register_forward_hook(watch(n)) for n, m in watched.items()]
    with torch.no_grad():
        logits = trainer.module(*next(iter(trainer.batches.validation(1))))[0]
    for hook in hooks:
        hook.remove()
    return {**seen, "logits": logits}


def moved(job: TrialJob, steps: int = 8) -> dict[str, float]:
    """Mean |change| of each output over some steps."""
    trainer = Trainer(job)
    before = outputs(trainer)
    for _ in range(steps):
        trainer.step(job.recipe.learning_rate)
    return {name: (out - before[name]).abs().mean().item() for name, out in outputs(trainer).items()}


def growth(by_width: Widths) -> dict[str, float]:
    """Octaves that an output's change grows by with each octave of width."""
    first, last = by_width[WIDTHS[0]], by_width[WIDTHS[-1]]
    return {name: math.log2(last[name] / first[name]) / math.log2(WIDTHS[-1] / WIDTHS[0]) for name in first}


@pytest.mark.parametrize(
    ("family", "tied", "heads"),  # of None there are more, as wide as ever
    [
        ("decoder", True, None), ("decoder", False, None), ("decoder", True, 2), ("encoder", True, None),
        ("seq2seq", False, None), ("bdh", False, None),
    ],
)  # fmt: skip
def test_changes_are_flat_over_the_widths_with_mup_and_grow_without(
    trial_job: Make, family: str, tied: bool, heads: int | None
) -> None:
    pairs = PAIRS if family == "seq2seq" else {}

    def grown(parametrization: str) -> dict[str, float]:
        models = {width: model_of(family, width, tied=tied, heads=heads) for width in WIDTHS}
        base = None if heads is None else BASE // heads
        jobs = {w: job_of(trial_job, m, parametrization, base_head_size=base, **pairs) for w, m in models.items()}
        return growth({width: moved(job) for width, job in jobs.items()})

    with_mup, standard = grown("mup"), grown("standard")
    assert max(abs(octaves) for octaves in with_mup.values()) < 0.3
    assert statistics.median(standard.values()) > 0.6
    assert with_mup.keys() == standard.keys()


def test_every_weight_that_decays_by_its_width_has_a_matrix_role(trial_job: Make) -> None:
    """One group each of what learns alike: a step takes the same share of a weight at every width."""
    model = model_of("decoder", 256)
    job = job_of(trial_job, model, "mup", weight_decay=0.2)
    (optimizer,) = Trainer(job).optimizers
    found = {(group["lr_scale"], group["weight_decay"]) for group in optimizer.param_groups}
    assert found == {(1.0, 0.2), (1.0, 0.0), (0.125, 1.6)}
    scales = width_scales(model, job.plan)
    slow = {name for name, scale in scales.items() if scale.learning_rate < 1}
    assert slow == {name for name, role in parameter_roles(model).items() if role == "matrix"}


def test_at_the_base_width_nothing_changes(trial_job: Make) -> None:
    model = dataclasses.replace(model_of("decoder", 64), depth=1)

    def losses(plan: Plan) -> list[float]:
        trainer = Trainer(trial_job(model=model, plan=plan))
        return [trainer.step(4e-3).item() for _ in range(4)]

    plan = Plan(batch=8, sequence=32, precision="fp32", base_width=64, base_head_size=16)
    assert losses(plan) == losses(dataclasses.replace(plan, parametrization="mup"))
