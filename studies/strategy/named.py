"""Optuna's samplers and pruners by name: tpe, random, gp, ...; median, hyperband, successivehalving, ..."""

import inspect
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from advisor.errors import UnknownError
from studies.jobs import EVALUATIONS

SHAPES_FIRST = "shapes-first"  # our own strategy, which has Optuna's go on where it has nothing left to propose
# A study has 12 to 20 trials. Optuna's 10 random ones would be most of them, and the LR sweep has told half of it.
# The median is that of the trials that ended, once there are a few, and not in the warm-up of the learning rate.
GIVEN: dict[str, dict[str, Any]] = {
    "tpe": {"n_startup_trials": 5},
    "median": {"n_startup_trials": 4, "n_warmup_steps": 3, "n_min_trials": 3},
    "percentile": {"percentile": 25.0, "n_startup_trials": 4, "n_warmup_steps": 3},
    "hyperband": {"max_resource": EVALUATIONS},
}


def sampler(name: str, seed: int) -> BaseSampler:
    """The sampler of this name, TPE beside our own strategy. Raises UnknownError with the nearest names."""
    kind = "tpe" if name == SHAPES_FIRST else name
    made = _find("sampler", kind, _classes(optuna.samplers, "Sampler"), SHAPES_FIRST)
    seeded = {"seed": seed} if "seed" in inspect.signature(made).parameters else {}
    return made(**seeded, **GIVEN.get(kind, {}))  # type: ignore[no-any-return]


def pruner(name: str) -> BasePruner:
    """The pruner of this name. Raises UnknownError with the nearest names."""
    return _find("pruner", name, _classes(optuna.pruners, "Pruner"))(**GIVEN.get(name, {}))  # type: ignore[no-any-return]


def _find(kind: str, name: str, known: dict[str, Any], *more: str) -> Any:
    if name not in known:
        raise UnknownError(kind, name, sorted([*known, *more]))
    return known[name]


def _classes(module: Any, suffix: str) -> dict[str, Any]:
    """Those that can be made from a name alone, and from what we give."""
    named = {
        name.removesuffix(suffix).lower(): getattr(module, name) for name in module.__all__ if name.endswith(suffix)
    }
    return {name: made for name, made in named.items() if name != "base" and not _missing(name, made)}


def _missing(name: str, made: Any) -> set[str]:
    parameters = inspect.signature(made).parameters.values()
    needed = {p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    return needed - set(GIVEN.get(name, {}))
