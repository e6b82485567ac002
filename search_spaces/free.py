"""A space of the user's own knobs, for models that no declaration describes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import InputError
from advisor.spec import Plan, check
from advisor.spec.own import Own
from advisor.spec.recipe import Recipe
from search_spaces.knob import Choices, Range
from search_spaces.knob_reader import read_knob, table_at
from search_spaces.reader import PLAN, RECIPE, TF32, document_of, read_precision, read_recipe
from search_spaces.space import Space

TRAINING = ("precision", "eval_every", "eval_batches", *RECIPE, *(set(PLAN) - {"sequence", "target_sequence"}))


@dataclass(frozen=True, kw_only=True)
class FreeSpace(Space):
    """Knobs of any name, which the file `objective` understands; a point has the value of each.

    Those of RECIPE_KNOBS are of the recipe too, and `batch`, the examples of a batch, of the plan: a trial's tokens are
    its examples. What fits the memory is measured once, and the knobs narrowed to it.
    """

    objective: str

    def fitting(self, limit_bytes: int) -> "FreeSpace":
        """Itself: its knobs have been narrowed."""
        return self

    def point(self, params: Mapping[str, float], limit_bytes: int) -> dict[str, float]:
        """The value of every knob."""
        return {name: params.get(name, knob.default) for name, knob in self.knobs.items()}

    def resolve(self, point: Mapping[str, float]) -> tuple[Any, Plan, Recipe]:
        """The user's model, a plan of batches, and the recipe of a point."""
        plan = Plan(batch=int(point.get("batch", 1)), sequence=1, grad_clip=self.recipe.grad_clip > 0, **self.plan)
        own = Own(objective=self.objective, values=dict(point))
        return own, plan, self._recipe(point)

    def narrowed(self, name: str, high: float) -> "FreeSpace":
        """The space with the part of a knob up to `high`, one of its values; its document says so too."""
        knob = self.knobs[name].at_most(high)
        vary: dict[str, Any] = {**self.document["vary"]}  # type: ignore[dict-item]
        bounds: dict[str, Any] = {"choices": list(knob.values)} if isinstance(knob, Choices) else {"high": high}
        vary[name] = {**vary[name], **bounds, "default": knob.default}
        if (isinstance(knob, Range) and knob.low == high) or (isinstance(knob, Choices) and len(knob.values) == 1):
            del vary[name]
            fixed = {**self.document.get("fixed", {}), name: high}  # type: ignore[dict-item]
            return parse({**self.document, "fixed": fixed, "vary": vary}, self.name)
        return parse({**self.document, "vary": vary}, self.name)


def load(path: str, objective: str) -> FreeSpace:
    """The space in a TOML file, of that objective. Raises InputError or UnknownError."""
    document = document_of(Path(path))
    return parse({**document, "objective": objective}, Path(path).stem)


def parse(document: dict[str, Any], name: str) -> FreeSpace:
    """A space from its document: [fixed] and [vary.<knob>] as in the others, and what `objective` makes the models."""
    check.known_keys(name, list(document), ("objective", "summary", "fixed", "vary"))
    fixed, vary = (table_at(f"{name}.{part}", document.get(part, {})) for part in ("fixed", "vary"))
    precision = read_precision(f"{name}.fixed", fixed)
    if "learning_rate" not in {**fixed, **vary}:
        raise InputError(name, expected="fixed.learning_rate or vary.learning_rate", got="neither")
    names = [*vary, *(key for key in fixed if key not in TRAINING)]
    plan = {key: fixed[key] for key in PLAN if key in fixed}
    return FreeSpace(
        name=name,
        family="own",
        objective=str(document["objective"]),
        knobs={knob: read_knob(name, knob, fixed, vary) for knob in names},
        max_depth=1,
        context=1,
        vocab=None,
        plan=plan | ({"precision": precision.replace(TF32, "fp32")} if precision else {}),
        recipe=read_recipe(f"{name}.fixed", {k: v for k, v in fixed.items() if k in TRAINING}, tf32=precision == TF32),
        eval_every=fixed.get("eval_every"),
        eval_batches=fixed.get("eval_batches"),
        document={**document, "fixed": fixed, "vary": vary},
    )
