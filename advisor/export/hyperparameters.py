"""The hyperparameters of the training script, each with its source in a comment."""

import textwrap
from dataclasses import dataclass

from advisor.law import TOKENS_PER_PARAMETER
from advisor.law.recipe import Training, recipe
from advisor.law.traced import Traced
from advisor.ledger import Estimate
from advisor.spec.proposal import Stored

WIDTH = 110  # columns of a comment
GIVEN = "the tokens that the proposal trains on"
ASSUMED = f"{TOKENS_PER_PARAMETER} tokens per parameter: compute-optimal, Hoffmann et al. 2022"
TUNED = "tuned: trials of this model trained on real data"
EMA = "torch.optim.swa_utils: the default of get_ema_multi_avg_fn"


@dataclass(frozen=True)
class Hyperparameter:
    """NAME = value, under a comment of so many lines."""

    constant: str
    value: str
    comment: list[str]


def hyperparameters(proposal: Stored, read: Estimate) -> list[Hyperparameter]:
    """Those that the script of this proposal has."""
    plan, count = proposal.plan, read.parameters
    tokens = proposal.tokens or float(TOKENS_PER_PARAMETER * count.total)
    per_step = plan.tokens * (plan.gpus or 1)
    head = sum(size for path, size in count.by_path.items() if path.startswith("head"))
    prior = recipe(
        Training(
            parameters=max(1, count.total - count.embedding - head), tokens=tokens, epochs=1,
            batch_tokens=per_step, optimizer=plan.optimizer, family=type(proposal.model).__name__.lower(),
        )
    )  # fmt: skip
    betas = f"({prior.beta1.value}, {prior.beta2.value})"
    rows = [
        _line("STEPS", str(max(1, round(tokens / per_step))), GIVEN if proposal.tokens else ASSUMED),
        _tuned("LEARNING_RATE", proposal, prior.learning_rate),
        _traced("WARMUP_RATIO", prior.warmup_ratio),
        _traced("MIN_LR_RATIO", prior.min_lr_ratio),
        _tuned("WEIGHT_DECAY", proposal, prior.weight_decay),
        _line("BETAS", betas, prior.beta2.source),
    ]
    if plan.grad_clip:
        rows.append(_traced("GRAD_CLIP", prior.grad_clip))
    if plan.ema:
        rows.append(_line("EMA_DECAY", "0.999", EMA))
    return rows


def _tuned(constant: str, proposal: Stored, prior: Traced) -> Hyperparameter:
    """What a study has found goes before the prior."""
    found = proposal.tuned.get(constant.lower())
    return _traced(constant, prior) if found is None else _line(constant, f"{found:.3g}", TUNED)


def _traced(constant: str, prior: Traced) -> Hyperparameter:
    caveat = f"; {prior.caveat}" if prior.caveat else ""
    return _line(constant, f"{float(prior.value):.3g}", f"{prior.source}{caveat}")


def _line(constant: str, value: str, source: str) -> Hyperparameter:
    return Hyperparameter(constant, value, textwrap.wrap(source, WIDTH))
