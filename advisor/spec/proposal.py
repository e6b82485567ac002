"""A model and the plan to train it by, under the name by which a user calls them."""

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import InputError
from advisor.spec.model import Model
from advisor.spec.plan import Plan
from advisor.spec.recipe import Recipe
from advisor.spec.text import find_model, model_from_data, parse, plan_from_data, preset_names

STDIN = "-"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What was proposed, or declared; `tokens` to train on, where a proposal says so.

    `recipe`: that of the study which has tuned it.
    """

    name: str
    model: Model
    plan: Plan
    tokens: float | None = None
    recipe: Recipe | None = None


def find_proposal(name: str, rank: int | None = None) -> Stored:
    """A preset, a model file, or the proposal of this rank (1 is the first) in what `advisor propose --json` printed.

    A file (.json, .toml) holds `proposals`, or one `model` with or without its `plan`; `-` is JSON on standard input.
    Where no plan is given it is the default one, on sequences as long as the model's context.
    Raises InputError or UnknownError.
    """
    if name != STDIN and (name in preset_names() or not name.endswith((".toml", ".json"))):
        _only_one(rank)
        model = find_model(name).model
        return Stored(name=name, model=model, plan=Plan(sequence=model.context))
    data = _stdin() if name == STDIN else parse(Path(name))
    if not isinstance(data, dict) or not {"proposals", "model"} & data.keys():
        raise InputError(name, expected="proposals, or a model", got=data)
    if "proposals" in data:
        return _ranked(name, data["proposals"], 1 if rank is None else rank)
    _only_one(rank)
    return _declared(Path(name).stem, data)


def _only_one(rank: int | None) -> None:
    """Raises InputError for the rank of something that there is one of."""
    if rank is not None:
        raise InputError("--rank", expected="none: there is one model", got=rank)


def _ranked(source: str, proposals: Any, rank: int) -> Stored:
    if not isinstance(proposals, list) or not all(isinstance(p, dict) and "model" in p for p in proposals):
        raise InputError(f"{source}: proposals", expected="a list of tables with a model each", got=proposals)
    if not proposals:
        raise InputError(f"{source}: proposals", expected="at least one proposal", got=proposals)
    if not 1 <= rank <= len(proposals):
        near = str(min(max(rank, 1), len(proposals)))
        raise InputError("--rank", expected=f"a rank from 1 to {len(proposals)}", got=rank, nearest=near)
    return _declared(f"proposal {rank}", proposals[rank - 1])


def _declared(name: str, data: dict[str, Any]) -> Stored:
    model, plan, tokens = model_from_data(data["model"]), data.get("plan"), data.get("tokens")
    stored = Stored(
        name=str(data.get("name", name)),
        model=model,
        plan=Plan(sequence=model.context) if plan is None else plan_from_data(plan),
        tokens=tokens if isinstance(tokens, (int, float)) and 0 < tokens < math.inf else None,
    )
    stored.plan.check_against(stored.model)
    return stored


def _stdin() -> Any:
    try:
        return json.loads(sys.stdin.read())
    except (ValueError, RecursionError) as error:
        raise InputError("standard input", expected="JSON", got=str(error)) from error
