"""The plan's optimizers with the recipe's hyperparameters."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from torch import Tensor, nn, optim

from advisor.ledger.mup import STANDARD, WidthScale
from advisor.spec import Plan
from advisor.spec.recipe import Recipe
from studies.trial.plan_optimizer import optimizers_of


def optimizers(module: nn.Module, recipe: Recipe, plan: Plan, scales: Mapping[str, WidthScale] = STANDARD) -> list[Any]:
    """One, or of Muon two; with weight decay on matrices only: linear weights and both embedding tables.

    Norm weights and biases, all one-dimensional, do not decay. Embeddings do, as in GPT-2's descendants
    (nanoGPT, GPT-3's appendix B): with a tied head they are the output matrix too.
    How we differ: torch's own default decays everything, norms and biases included. Muon's steps are as large as
    AdamW's (match_rms_adamw; Liu et al. 2025, arXiv:2502.16982, section 2.2), so that one rate serves both.
    `scales` of weights by their path (mup); a group's `lr_scale` is its factor of the rate that a step asks for.
    """
    scale_of = {weight: scales.get(path, WidthScale()) for path, weight in module.named_parameters()}

    def kind(weight: Tensor) -> tuple[bool, WidthScale]:
        return weight.dim() >= 2, scale_of[weight]  # type: ignore[index]  # of the module's own

    def grouped(weights: Sequence[Tensor]) -> list[dict[str, Any]]:
        alike = groupby(sorted(weights, key=kind, reverse=True), key=kind)
        return [{"params": list(group), "lr_scale": scale.learning_rate} for (_, scale), group in alike]

    made = optimizers_of(module, plan, grouped)
    for optimizer in made:
        for group in optimizer.param_groups:
            is_matrix, scale = kind(group["params"][0])
            decay = recipe.weight_decay * scale.weight_decay if is_matrix else 0.0
            group.update(_hyperparameters(optimizer, recipe), weight_decay=decay)
    return made


def _hyperparameters(optimizer: Any, recipe: Recipe) -> dict[str, Any]:
    """What every param group of this optimizer takes from the recipe."""
    values: dict[str, Any] = {"lr": recipe.learning_rate}
    if "betas" in optimizer.defaults:
        values["betas"] = (recipe.beta1, recipe.beta2)
        if "eps" in optimizer.defaults:
            values["eps"] = recipe.eps
    if isinstance(optimizer, optim.Muon):
        values["adjust_lr_fn"] = "match_rms_adamw"
    return values
