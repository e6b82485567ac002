"""The optimizers that a plan names, as torch.optim, lion_pytorch and bitsandbytes have them, with their defaults."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn, optim

from advisor.errors import InputError
from advisor.spec import Plan
from advisor.spec.plan import OPTIMIZER_IMPLEMENTATIONS

CLASSES: dict[str, Any] = {
    "adamw": optim.AdamW, "adam": optim.Adam, "sgd": optim.SGD, "sgd-momentum": optim.SGD, "adafactor": optim.Adafactor,
}  # fmt: skip
# of packages that are not installed with the advisor: (optimizer, implementation) -> module:class
PACKAGED = {
    ("lion", "foreach"): "lion_pytorch.foreach:Lion",
    ("lion", "for-loop"): "lion_pytorch:Lion",
    ("adamw-8bit", "fused"): "bitsandbytes.optim:AdamW8bit",
}
OUTER = ("embedding.", "head")  # weights that Muon leaves to AdamW


def optimizers_of(module: nn.Module, plan: Plan, grouped: Callable[[Sequence[Tensor]], list[Any]] = list) -> list[Any]:
    """One, or of Muon two: for the blocks' matrices and, AdamW, for the rest. Raises InputError for what is missing.

    `grouped`: the param groups of the weights of one optimizer.
    """
    chosen, trained = plan.optimizer_implementation, {n: p for n, p in module.named_parameters() if p.requires_grad}
    weights = grouped(list(trained.values()))
    switches: dict[str, Any] = {"foreach": chosen == "foreach"}
    if "fused" in OPTIMIZER_IMPLEMENTATIONS[plan.optimizer]:
        switches["fused"] = chosen == "fused"
    if plan.optimizer == "muon":
        matrices = {n: p for n, p in trained.items() if p.dim() == 2 and not n.startswith(OUTER)}
        rest = [p for n, p in trained.items() if n not in matrices]
        muon = optim.Muon(grouped(list(matrices.values())))
        return [muon, optim.AdamW(grouped(rest), **switches)] if rest else [muon]
    if (plan.optimizer, chosen) in PACKAGED:
        return [_packaged(plan)(weights)]
    if plan.optimizer == "sgd-momentum":
        switches["momentum"] = 0.9
    return [CLASSES[plan.optimizer](weights, **switches)]


def _packaged(plan: Plan) -> Any:
    module, name = PACKAGED[plan.optimizer, plan.optimizer_implementation].split(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError("plan.optimizer", expected=f"{package} to be installed", got=plan.optimizer) from error
