import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from studies.job import TrialJob
from studies.trial.state import capture, digest, restore
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]


def flip_one_bit(tensor: torch.Tensor) -> None:
    """The smallest change there is: the last bit of the first number's mantissa."""
    with torch.no_grad():
        tensor.view(-1)[:1].view(torch.int32).bitwise_xor_(1)


def moments(trainer: Trainer) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = trainer.optimizers[0].state[trainer.module.embedding.token.weight]
    return state


CHANGES: dict[str, Callable[[Trainer], Any]] = {
    "a bit of a weight": lambda t: flip_one_bit(t.module.embedding.token.weight),
    "a bit of a norm": lambda t: flip_one_bit(t.module.norm.weight),
    "a bit of a first moment": lambda t: flip_one_bit(moments(t)["exp_avg"]),
    "a bit of a second moment": lambda t: flip_one_bit(moments(t)["exp_avg_sq"]),
    "the optimizer's step count": lambda t: moments(t)["step"].add_(1),
    "a learning rate": lambda t: t.optimizers[0].param_groups[1].update(lr=0.5),
    "a weight decay": lambda t: t.optimizers[0].param_groups[0].update(weight_decay=0.5),
    "an empty optimizer": lambda t: t.optimizers[0].state.clear(),
    "one module in eval mode": lambda t: t.module.blocks[0].eval(),
    "a training step": lambda t: t.step(1e-3),
    "what the best loss was": lambda t: t.progress.see(1.0, 7),
    "the step counter": lambda t: setattr(t, "steps_done", 7),
    "a draw of the data": lambda t: t.batches.draw(),
    "a draw of torch": lambda t: torch.rand(1),
    "a draw of NumPy": lambda t: np.random.rand(),
    "a draw of Python": lambda t: random.random(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_is_seen_by_the_digest_and_undone_by_restore(trial_job: Make, change: Callable[..., Any]) -> None:
    trainer = Trainer(trial_job())
    trainer.step(1e-3)
    before = capture(trainer)
    change(trainer)
    assert digest(capture(trainer)) != digest(before)
    restore(trainer, before)
    assert digest(capture(trainer)) == digest(before)


def test_a_state_before_the_first_step_has_no_moments_and_comes_back_without(trial_job: Make) -> None:
    trainer = Trainer(trial_job())
    before = capture(trainer)
    trainer.step(1e-3)
    restore(trainer, before)
    assert not trainer.optimizers[0].state
    assert digest(capture(trainer)) == digest(before)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer_implementation": "foreach"},
        {"precision": "pure-bf16"},
        {"precision": "fp16"},
        {"ema": True},
        {"optimizer": "muon"},
        {"optimizer": "sgd-momentum"},
        {"optimizer": "adafactor", "optimizer_implementation": "foreach"},
        {"optimizer": "adafactor", "optimizer_implementation": "for-loop", "precision": "pure-bf16"},
        {"optimizer": "lion", "optimizer_implementation": "foreach"},
        {"optimizer": "adamw-8bit"},
    ],
    ids=str,
)
def test_a_restored_run_repeats_itself_to_the_bit(trial_job: Make, change: dict[str, str]) -> None:
    trainer = Trainer(trial_job(**change))
    trainer.step(4e-3)
    before = capture(trainer)
    first = [trainer.step(4e-3).item() for _ in range(4)], digest(capture(trainer))
    restore(trainer, before)
    second = [trainer.step(4e-3).item() for _ in range(4)], digest(capture(trainer))
    assert first == second


def test_a_state_is_a_copy_that_training_cannot_reach(trial_job: Make) -> None:
    trainer = Trainer(trial_job())
    trainer.step(1e-3)
    state = capture(trainer)
    known = digest(state)
    trainer.step(1e-3)
    restore(trainer, state)
    trainer.step(1e-3)
    assert digest(state) == known


def test_tied_weights_stay_tied(trial_job: Make) -> None:
    trainer = Trainer(trial_job())
    restore(trainer, capture(trainer))
    assert trainer.module.head.weight is trainer.module.embedding.token.weight
