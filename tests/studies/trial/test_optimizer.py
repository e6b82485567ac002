from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from advisor.spec import Plan
from advisor.spec.plan import OPTIMIZER_IMPLEMENTATIONS
from advisor.spec.recipe import Recipe
from studies.job import TrialJob
from studies.trial.optimizer import optimizers
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]
ALL = [(name, kind) for name, kinds in OPTIMIZER_IMPLEMENTATIONS.items() for kind in kinds]


def module() -> nn.Module:
    return nn.Sequential(nn.Embedding(8, 4), nn.Linear(4, 4), nn.LayerNorm(4))


def adamw(model: nn.Module, recipe: Recipe, plan: Plan) -> torch.optim.AdamW:
    made = optimizers(model, recipe, plan)
    assert len(made) == 1
    assert isinstance(made[0], torch.optim.AdamW)
    return made[0]


def test_matrices_decay_vectors_do_not() -> None:
    model = module()
    before = {name: p.clone() for name, p in model.named_parameters()}
    optimizer = adamw(model, Recipe(learning_rate=0.1, weight_decay=0.5), Plan())
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for name, p in model.named_parameters():
        expected = before[name] * (1 - 0.1 * 0.5) if p.dim() == 2 else before[name]
        torch.testing.assert_close(p, expected)


@pytest.mark.parametrize("implementation", ["fused", "foreach", "for-loop"])
def test_implementation_is_the_plans(implementation: str) -> None:
    plan = Plan(optimizer_implementation=implementation)  # type: ignore[arg-type]
    groups = adamw(module(), Recipe(learning_rate=1e-3), plan).param_groups
    chosen = [(bool(group["fused"]), bool(group["foreach"])) for group in groups]
    assert chosen == [(implementation == "fused", implementation == "foreach")] * 2


def test_a_module_without_vectors_has_one_group() -> None:
    optimizer = adamw(nn.Linear(4, 4, bias=False), Recipe(learning_rate=1e-3), Plan())
    assert len(optimizer.param_groups) == 1


def test_the_recipe_is_what_each_optimizer_takes_of_it() -> None:
    recipe = Recipe(learning_rate=0.5, weight_decay=0.25, beta1=0.8, beta2=0.7, eps=1e-4)
    for name, kind in ALL:
        if name == "adamw-8bit":
            continue
        model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
        for optimizer in optimizers(model, recipe, Plan(optimizer=name, optimizer_implementation=kind)):  # type: ignore[arg-type]
            for group in optimizer.param_groups:
                is_matrix = group["params"][0].dim() == 2
                assert (group["lr"], group["weight_decay"]) == (0.5, 0.25 if is_matrix else 0.0)
                assert group.get("betas", (0.8, 0.7)) == (0.8, 0.7)
                if name in ("adamw", "adam"):
                    assert group["eps"] == 1e-4


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_every_optimizer_learns(trial_job: Make, name: str, kind: str) -> None:
    """A rate that suits the steps of its kind: of SGD as long as the gradient, of the others as long as the rate."""
    rate = {"sgd": 0.5, "sgd-momentum": 0.1, "adafactor": 0.2, "lion": 1e-3}.get(name, 4e-3)
    trainer = Trainer(trial_job(optimizer=name, optimizer_implementation=kind))
    losses: list[Any] = [trainer.step(rate).item() for _ in range(20)]
    assert losses[-1] < losses[0] - 0.5
