"""Specs and plans as the OpenAPI document describes them: a model of pydantic's for each dataclass, by its fields.

They check nothing: what a value may be is the spec's own affair, whose errors name the field and the nearest choice.
"""

import dataclasses
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from advisor.spec import Plan
from advisor.spec.text import FAMILIES

Whole = Annotated[int, Field(ge=0)]  # of a size, and of every other whole number that a spec takes


def as_described(kind: Any) -> BeforeValidator:
    """For a field that takes plain values: what the document says of it."""
    return BeforeValidator(lambda value: value, json_schema_input_type=kind)


def model_type() -> Any:
    """A spec of any family, which `family` names; a decoder unless it does."""
    kinds: dict[str, Any] = {**FAMILIES}
    named = {name: (Literal[name], "decoder" if name == "decoder" else ...) for name in kinds}
    return reduce(or_, (described(kind, family=named[name]) for name, kind in kinds.items()))


def plan_type() -> Any:
    """A plan whose sequence is the model's context unless given."""
    by_model = Field(default_factory=int, description="[tokens]; the model's context if not given.")
    return described(Plan, sequence=(Whole, by_model))


def described(kind: type, **own: Any) -> type[BaseModel]:
    """The fields of a dataclass with their types and defaults; `own` are others, or in place of them."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {f.name: (_typed(hints[f.name]), _default(f)) for f in dataclasses.fields(kind)}
    return create_model(
        kind.__name__, __config__=ConfigDict(extra="forbid"), __doc__=kind.__doc__, __module__=__name__,
        **{**own, **fields, **own},
    )  # fmt: skip


_block = cache(described)  # one model for each, wherever it stands


def _typed(hint: Any) -> Any:
    """What a hint says in JSON. A size is Any: a number here, a column elsewhere."""
    if hint is Any or hint is int:
        return Whole
    if get_origin(hint) in (UnionType, Union):
        return reduce(or_, map(_typed, get_args(hint)))
    return _block(hint) if dataclasses.is_dataclass(hint) and isinstance(hint, type) else hint


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    return ... if field.default is dataclasses.MISSING else field.default
