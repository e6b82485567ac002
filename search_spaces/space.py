"""A search space: the knobs of a config, what they resolve to, and only configs that fit the device's memory."""

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from advisor.errors import InfeasibleError
from advisor.spec import Model, Plan
from advisor.spec.recipe import Recipe
from advisor.units import format_bytes
from search_spaces import fit
from search_spaces.families import FAMILIES, Sizes
from search_spaces.knob import Column, Fixed, Knob, Range, Suggests

SHAPE_KNOBS = ("d_model", "head_size", "ffn_ratio", "batch")  # finite: each combination is checked against the memory
KNOBS = ("learning_rate", "weight_decay", "dropout", *SHAPE_KNOBS, "depth_fraction")
# of the recipe, which has a default for each: knobs only of a space that varies them
MORE_KNOBS = ("beta1", "beta2", "eps", "warmup_ratio", "min_lr_ratio", "ema_decay", "schedule")
RECIPE_KNOBS = ("learning_rate", "weight_decay", *MORE_KNOBS)


@dataclass(frozen=True, kw_only=True)
class Space:
    """Configs of one family that may be tried. `document` is the declaration as TOML.

    `knobs` has each of KNOBS, and those of MORE_KNOBS that vary. `params` are values by knob. A `point` is what they
    resolve to on a device: learning_rate, weight_decay, dropout, d_model, depth, heads, hidden, batch, and each of
    MORE_KNOBS that varies: numbers all, but for the name of a schedule. `limit_bytes` is the memory that a training
    step may allocate [bytes].
    """

    name: str
    family: str
    knobs: Mapping[str, Knob]
    max_depth: int
    context: int  # [tokens]
    vocab: int | None  # None: as many as the data need
    plan: Mapping[str, Any]  # fields of every plan; without a precision, the device names it
    recipe: Recipe  # what does not vary of every recipe
    eval_every: int | None = None  # [steps]; None: 8 evaluations per trial
    eval_batches: int | None = None  # of one evaluation; None: by the trial's length
    max_parameters: int | None = None  # beside the memory
    document: dict[str, object] = field(repr=False)

    # readings of the knobs

    def suggest(self, trial: Suggests, limit_bytes: int) -> dict[str, float]:
        """The point that a trial suggests, out of those that fit."""
        knobs = self.fitting(limit_bytes).knobs
        return self.point({name: knob.suggest(trial, name) for name, knob in knobs.items()}, limit_bytes)

    def columns(self, n: int, seed: int, limit_bytes: int) -> dict[str, Column]:
        """`n` random points that fit, as a column per quantity."""
        rng = np.random.default_rng(seed)
        knobs = self.fitting(limit_bytes).knobs
        sampled = {name: knob.column(rng, n).tolist() for name, knob in knobs.items()}
        rows = [dict(zip(sampled, values, strict=True)) for values in zip(*sampled.values(), strict=True)]
        points = [self.point(row, limit_bytes) for row in rows]
        return {name: np.array([p[name] for p in points]) for name in points[0]}

    def default(self, limit_bytes: int) -> dict[str, float]:
        """Params of the untuned config, of the varying knobs."""
        return {name: knob.default for name, knob in self.varying(limit_bytes).items()}

    def middle(self, limit_bytes: int) -> dict[str, float]:
        """Params in the middle of the space, of the varying knobs."""
        return {name: knob.middle for name, knob in self.varying(limit_bytes).items()}

    def varying(self, limit_bytes: int) -> dict[str, Knob]:
        """The knobs that are not fixed, narrowed to what fits."""
        return {n: k for n, k in self.fitting(limit_bytes).knobs.items() if not isinstance(k, Fixed)}

    # narrower spaces

    def fitting(self, limit_bytes: int) -> "Space":
        """The space without the widths that do not fit even at depth 1. Raises InfeasibleError when none does."""
        widths = self.knobs["d_model"].values
        fits = itertools.takewhile(lambda width: self._fits(width, limit_bytes), widths)
        widest = max(fits, default=None)
        if widest is None:
            raise InfeasibleError(
                f"search space {self.name}: not even d_model = {widths[0]} at depth 1 fits {format_bytes(limit_bytes)}"
                + ("" if self.max_parameters is None else f" and {self.max_parameters:,} parameters")
            )
        return self._replace(d_model=self.knobs["d_model"].at_most(widest))

    def _fits(self, width: float, limit_bytes: int) -> bool:
        """Whether depth 1 of this width fits, with every combination of the other knobs of the shape."""
        others = itertools.product(*(self.knobs[name].values for name in SHAPE_KNOBS[1:]))
        shapes = (Shape.of(width, *values) for values in others)
        return all(self._largest_depth(shape, limit_bytes) for shape in shapes)

    def _largest_depth(self, shape: "Shape", limit_bytes: int) -> int:
        """With the highest dropout of the space: its masks are the most that a trial saves."""
        model = self._model(shape, depth=1, dropout=self.knobs["dropout"].high)
        return fit.largest_depth(model, self._plan(shape.batch), self.max_depth, limit_bytes, self.max_parameters)

    def with_learning_rates(self, low: float, high: float) -> "Space":
        """The space with the part of the learning rates in [low, high], widened so that it holds the default.

        The default is a trial of the same study: TPE samples jointly only what has one range in all trials.
        """
        knob = self.knobs["learning_rate"]
        if not isinstance(knob, Range):
            return self
        return self._replace(learning_rate=knob.within(min(low, knob.default), max(high, knob.default)))

    def with_vocabulary(self, vocab: int) -> "Space":
        """The space of models with so many tokens; its document says so too."""
        return dataclasses.replace(self, vocab=vocab, document=self._declared(vocab=vocab))

    def with_precision(self, precision: str) -> "Space":
        """The space of plans in this precision; its document says so too."""
        plan = {**self.plan, "precision": precision}
        return dataclasses.replace(self, plan=plan, document=self._declared(precision=precision))

    def _declared(self, **fixed: object) -> dict[str, object]:
        return {**self.document, "fixed": {**self.document["fixed"], **fixed}}  # type: ignore[dict-item]

    def _replace(self, **knobs: Knob) -> "Space":
        return dataclasses.replace(self, knobs={**self.knobs, **knobs})

    # from params to a config

    def point(self, params: Mapping[str, float], limit_bytes: int) -> dict[str, float]:
        """What params resolve to; a knob that they leave out has its default."""
        values = {name: params.get(name, knob.default) for name, knob in self.knobs.items()}
        shape = Shape.of(*(values[name] for name in SHAPE_KNOBS))
        depth = max(1, round(values["depth_fraction"] * self._largest_depth(shape, limit_bytes)))
        recipe = {name: values[name] for name in RECIPE_KNOBS if name in values}
        return {**recipe, "dropout": values["dropout"], "depth": depth, **shape._asdict()}

    def resolve(self, point: Mapping[str, float]) -> tuple[Model, Plan, Recipe]:
        """The model, the plan and the recipe of a point."""
        shape = Shape(*(int(point[name]) for name in Shape._fields))
        model = self._model(shape, depth=int(point["depth"]), dropout=float(point["dropout"]))
        return model, self._plan(shape.batch), self._recipe(point)

    def _recipe(self, point: Mapping[str, Any]) -> Recipe:
        """What does not vary, and what the point says."""
        given: dict[str, Any] = {name: point[name] for name in RECIPE_KNOBS if name in point}
        return dataclasses.replace(self.recipe, **given)

    def example(self) -> tuple[Model, Plan]:
        """The default config with one block, whatever the device."""
        shape = Shape.of(*(self.knobs[name].default for name in SHAPE_KNOBS))
        return self._model(shape, depth=1, dropout=self.knobs["dropout"].default), self._plan(shape.batch)

    def _model(self, shape: "Shape", depth: int, dropout: float) -> Model:
        assert self.vocab is not None, "the data have said it: with_vocabulary"
        d_model, heads, hidden, _ = shape
        return FAMILIES[self.family](
            Sizes(
                vocab=self.vocab, context=self.context, d_model=d_model, depth=depth, heads=heads, hidden=hidden,
                dropout=dropout,
            )
        )  # fmt: skip

    def _plan(self, batch: int) -> Plan:
        assert "precision" in self.plan, "the device has said it: with_precision"
        return Plan(batch=batch, grad_clip=self.recipe.grad_clip > 0, **self._base(), **self.plan)

    def _base(self) -> dict[str, Any]:
        """The shape at which a parametrization that knows one is the standard one: the untuned default's."""
        if self.plan.get("parametrization", "standard") == "standard":
            return {}
        width, head_size = (int(self.knobs[name].default) for name in ("d_model", "head_size"))
        return {"base_width": width, "base_head_size": head_size}


class Shape(NamedTuple):
    """What a config's memory depends on, beside its depth and dropout."""

    d_model: int
    heads: int
    hidden: int
    batch: int  # [sequences]

    @classmethod
    def of(cls, d_model: float, head_size: float, ffn_ratio: float, batch: float) -> "Shape":
        """The shape that these values of SHAPE_KNOBS mean."""
        return cls(int(d_model), int(d_model // head_size), round(ffn_ratio * d_model), int(batch))
