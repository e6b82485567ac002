"""Mixtures of experts: what each token gets, and that they learn."""

import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from advisor.spec import Decoder, MoE
from studies.job import Outcome, TrialJob
from studies.records import CurvePoint
from studies.trial.modules.moe import MixtureOfExperts
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]
Train = Callable[..., tuple[Outcome, list[CurvePoint]]]
SPECS = (
    MoE(experts=8, active=2, hidden=24),
    MoE(experts=5, active=3, hidden=16, normalized=False, shared_hidden=24),
    MoE(experts=3, active=3, hidden=8, gated=False, activation="gelu"),
)


def mixture(spec: MoE) -> MixtureOfExperts:
    torch.manual_seed(0)
    module = MixtureOfExperts(spec, 16)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    return module


def one_by_one(module: MixtureOfExperts, x_BTD: Tensor) -> Tensor:
    """Token by token, expert by expert."""
    experts = module.experts
    outputs = []
    for x_D in x_BTD.view(-1, x_BTD.size(-1)):
        chances, chosen = module.router(x_D).softmax(-1).topk(module.active)
        if module.normalized:
            chances = chances / chances.sum()
        y_D = torch.zeros_like(x_D)
        for chance, e in zip(chances, chosen, strict=True):
            up_F = experts.up[e] @ x_D
            gated_F = experts.activation(up_F if experts.gate is None else experts.gate[e] @ x_D)
            y_D = y_D + chance * (experts.down[e] @ (gated_F if experts.gate is None else gated_F * up_F))
        outputs.append(y_D)
    y_BTD = torch.stack(outputs).view(x_BTD.shape)
    return y_BTD if module.shared is None else y_BTD + module.shared(x_BTD)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.active} of {s.experts}")
def test_each_token_goes_through_its_experts(spec: MoE) -> None:
    module = mixture(spec)
    x_BTD = torch.randn(3, 7, 16)
    torch.testing.assert_close(module(x_BTD), one_by_one(module, x_BTD))


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: f"{s.active} of {s.experts}")
def test_gradients_are_those_of_one_token_after_the_other(spec: MoE) -> None:
    module = mixture(spec)
    x_BTD = torch.randn(2, 5, 16, requires_grad=True)
    sought = [x_BTD, *module.parameters()]
    together = torch.autograd.grad(module(x_BTD).pow(2).sum(), sought)
    torch.testing.assert_close(together, torch.autograd.grad(one_by_one(module, x_BTD).pow(2).sum(), sought))


def test_an_expert_without_tokens_has_no_gradient_from_them() -> None:
    module = mixture(MoE(experts=8, active=1, hidden=8))
    x_BTD = torch.randn(1, 2, 16)
    module(x_BTD).sum().backward()
    assert module.experts.up.grad is not None
    assert (module.experts.up.grad.flatten(1).abs().sum(1) > 0).sum() <= 2
    assert module.experts.up.grad.isfinite().all()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_learns(trial_job: Make, train: Train, precision: str) -> None:
    dense = Decoder.gpt(vocab=256, context=64, d_model=64, depth=1, heads=4)
    model = dataclasses.replace(dense, mlp=MoE(experts=4, active=2, hidden=128, shared_hidden=64))
    outcome, points = train(trial_job(model=model, sequence=64, steps=60, eval_every=20, precision=precision))
    assert outcome.state == "COMPLETE"
    validation = [point.validation_loss for point in points if point.validation_loss is not None]
    assert validation == sorted(validation, reverse=True)
    assert validation[-1] < 4


def test_checkpointing_does_not_change_what_is_learnt(trial_job: Make) -> None:
    dense = Decoder.gpt(vocab=256, context=32, d_model=32, depth=2, heads=2)
    model = dataclasses.replace(dense, mlp=MoE(experts=4, active=2, hidden=32))

    def losses(**changes: str) -> list[float]:
        trainer = Trainer(trial_job(model=model, **changes))
        return [trainer.step(4e-3).item() for _ in range(4)]

    assert losses(checkpointing="block") == pytest.approx(losses(), rel=1e-5)
