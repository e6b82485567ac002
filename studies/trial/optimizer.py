"""The plan's optimizers with the recipe's hyperparameters."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn, optim

from advisor.spec import Plan
from advisor.spec.recipe import Recipe
from studies.trial.plan_optimizer import optimizers_of


def optimizers(module: nn.Module, recipe: Recipe, plan: Plan) -> list[Any]:
    """One, or of Muon two; with weight decay on matrices only: linear weights and both embedding tables.

    Norm weights and biases, all one-dimensional, do not decay. Embeddings do, as in GPT-2's descendants
    (nanoGPT, GPT-3's appendix B): with a tied head they are the output matrix too.
    How we differ: torch's own default decays everything, norms and biases included. Muon's steps are as large as
    AdamW's (match_rms_adamw; Liu et al. 2025, arXiv:2502.16982, section 2.2), so that one rate serves both.
    """
    made = optimizers_of(module, plan, grouped=_by_decay)
    for optimizer in made:
        for group in optimizer.param_groups:
            group.update(_hyperparameters(optimizer, recipe, is_matrix=group["params"][0].dim() >= 2))
    return made


def _by_decay(weights: Sequence[Tensor]) -> list[dict[str, Any]]:
    """Param groups: matrices, and what has one dimension; only those that are not empty."""
    groups = [[w for w in weights if w.dim() >= 2], [w for w in weights if w.dim() < 2]]
    return [{"params": group} for group in groups if group]


def _hyperparameters(optimizer: Any, recipe: Recipe, *, is_matrix: bool) -> dict[str, Any]:
    """What a param group of this optimizer takes from the recipe."""
    values: dict[str, Any] = {
        "lr": recipe.learning_rate,
        "weight_decay": recipe.weight_decay if is_matrix else 0.0,
    }
    if "betas" in optimizer.defaults:
        values["betas"] = (recipe.beta1, recipe.beta2)
        if "eps" in optimizer.defaults:
            values["eps"] = recipe.eps
    if isinstance(optimizer, optim.Muon):
        values["adjust_lr_fn"] = "match_rms_adamw"
    return values
