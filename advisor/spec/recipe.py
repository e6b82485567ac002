"""The hyperparameters of a training run that are no matter of its model or of its memory."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from advisor.errors import InputError
from advisor.spec import check

SCHEDULES = ("constant", "linear", "cosine", "step", "plateau", "wsd", "inverse-sqrt")
MAX_STEPS = 2**40


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Of the plan's optimizer: linear warm-up, then `schedule` down to `min_lr_ratio` * learning_rate or to `min_lr`.

    step: 31.6 % of the rate after 80 % of the steps, 10 % after 90 %, or `min_lr_ratio` (Bi et al. 2024, DeepSeek LLM,
    section 2.3). wsd: constant, then down like 1 - sqrt in the last fifth (Haegele et al. 2024, arXiv:2405.18392,
    section 3). inverse-sqrt: with the root of the steps (Vaswani et al. 2017, section 5.3), `min_lr_ratio` at least.
    plateau: torch's ReduceLROnPlateau of the validation losses, after each evaluation. Raises InputError.
    """

    learning_rate: float
    weight_decay: float = 0.1  # of matrices
    beta1: float = 0.9  # of AdamW, Adam and Lion
    beta2: float = 0.95
    eps: float = 1e-8
    grad_clip: float = 1.0  # global norm; 0 = off
    warmup_ratio: float = 0.1  # of the steps
    warmup_steps: int | None = None  # in place of the share
    schedule: Literal["constant", "linear", "cosine", "step", "plateau", "wsd", "inverse-sqrt"] = "cosine"
    min_lr_ratio: float = 0.1
    min_lr: float = 0.0  # where that is higher
    plateau_factor: float = 0.1  # of the learning rate, after `plateau_patience` evaluations without a better one
    plateau_patience: int = 10
    ema_decay: float = 0.999  # of the averaged weights, if the plan has them
    patience: int = 0  # evaluations without one better by `min_delta` [nats/token] that end the run; 0 = off
    min_delta: float = 0.0
    tf32: bool = False  # matrix products of fp32 in TF32, on devices that have it

    def __post_init__(self) -> None:
        check.positive("recipe.learning_rate", self.learning_rate, math.inf)
        for name in ("weight_decay", "grad_clip", "min_lr", "min_delta"):
            _at_least_0(f"recipe.{name}", getattr(self, name), math.inf)
        for name in ("warmup_ratio", "min_lr_ratio"):
            _at_least_0(f"recipe.{name}", getattr(self, name), 1.0)
        for name in ("beta1", "beta2", "ema_decay", "plateau_factor"):
            check.fraction(f"recipe.{name}", getattr(self, name))
        check.positive("recipe.eps", self.eps, 1.0)
        check.choice("recipe.schedule", self.schedule, SCHEDULES)
        for name in ("plateau_patience", "patience"):
            check.whole(f"recipe.{name}", getattr(self, name), MAX_STEPS, 0)
        if self.warmup_steps is not None:
            check.whole("recipe.warmup_steps", self.warmup_steps, MAX_STEPS, 0)
        check.flag("recipe.tf32", self.tf32)

    @property
    def floor(self) -> float:
        """The lowest learning rate, as a share of the highest."""
        return min(1.0, max(self.min_lr_ratio, self.min_lr / self.learning_rate))


def _at_least_0(path: str, value: Any, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= high:
        raise InputError(path, expected=f"a number from 0 to {high:g}", got=value)
