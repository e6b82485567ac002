"""The hyperparameters of a training script: those of the study that tuned it, else priors, each with its source."""

import dataclasses
import textwrap
from dataclasses import dataclass

from advisor.law import TOKENS_PER_PARAMETER
from advisor.law.recipe import Training, recipe
from advisor.law.traced import Traced, Value
from advisor.ledger import Estimate
from advisor.spec.proposal import Stored
from advisor.spec.recipe import Recipe

WIDTH = 110  # columns of a comment
GIVEN = "the tokens that the proposal trains on"
ASSUMED = f"{TOKENS_PER_PARAMETER} tokens per parameter: compute-optimal, Hoffmann et al. 2022"
TUNED = "of the study: trials of this model trained on real data"
EMA = "torch.optim.swa_utils: the default of get_ema_multi_avg_fn"
EMA_DECAY = 0.999
DIGITS = 6  # of a value


@dataclass(frozen=True)
class Hyperparameter:
    """One value, and where it comes from; `constant` is its name in the script."""

    name: str
    value: Value
    source: str

    @property
    def constant(self) -> str:
        """As Python names constants."""
        return self.name.upper()

    @property
    def text(self) -> str:
        """The value as Python writes it."""
        return f"{self.value:.{DIGITS}g}" if isinstance(self.value, float) else str(self.value)

    @property
    def comment(self) -> list[str]:
        """The source, in lines."""
        return textwrap.wrap(self.source, WIDTH)


def hyperparameters(proposal: Stored, read: Estimate) -> dict[str, Hyperparameter]:
    """By name: steps, and the fields of a recipe that scripts follow."""
    plan = proposal.plan
    tokens = proposal.tokens or float(TOKENS_PER_PARAMETER * read.parameters.total)
    steps = max(1, round(tokens / (plan.tokens * (plan.gpus or 1))))
    source = GIVEN if proposal.tokens else ASSUMED
    found = _priors(proposal, read, tokens) if proposal.recipe is None else _tuned(proposal.recipe, steps)
    return {"steps": Hyperparameter("steps", steps, TUNED if proposal.recipe else source), **found}


def _tuned(recipe: Recipe, steps: int) -> dict[str, Hyperparameter]:
    """As the trial was trained."""
    warm_up = recipe.warmup_ratio if recipe.warmup_steps is None else min(1.0, recipe.warmup_steps / steps)
    values = dataclasses.asdict(recipe) | {"warmup_ratio": warm_up, "min_lr_ratio": recipe.floor}
    return {name: Hyperparameter(name, value, TUNED) for name, value in values.items()}


def _priors(proposal: Stored, read: Estimate, tokens: float) -> dict[str, Hyperparameter]:
    """Where to start."""
    plan, count = proposal.plan, read.parameters
    head = sum(size for path, size in count.by_path.items() if path.startswith("head"))
    prior = recipe(
        Training(
            parameters=max(1, count.total - count.embedding - head), tokens=tokens, epochs=1,
            batch_tokens=plan.tokens * (plan.gpus or 1), optimizer=plan.optimizer,
            family=type(proposal.model).__name__.lower(),
        )
    )  # fmt: skip
    found = {f.name: _traced(getattr(prior, f.name)) for f in dataclasses.fields(prior)}
    return {**found, "ema_decay": Hyperparameter("ema_decay", EMA_DECAY, EMA)}


def _traced(prior: Traced) -> Hyperparameter:
    caveat = f"; {prior.caveat}" if prior.caveat else ""
    value = float(f"{prior.value:.3g}") if isinstance(prior.value, float) else prior.value
    return Hyperparameter(prior.name, value, f"{prior.source}{caveat}")
