"""What can be turned at a point: found in the dataclasses of the spec and the plan, so a new block brings its own.

A whole number is a knob that has neighbors; a field of a few choices is a switch. Which values are valid is not listed
here: it is tried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, get_args, get_origin, get_type_hints

from advisor.explain.point import Point

SMALLEST_STEP = 32  # neighbors lie at least 1/32 away: below that, sizes rounded to 512 bytes move in jumps
GRAIN = 8  # and are looked for on a grid this much finer
NEAREST = 16  # valid values that are looked at on either side for one that runs the same kernels


@dataclass(frozen=True)
class Number:
    """A field that holds a whole number."""

    path: str  # 'model.attention.heads'
    value: int


@dataclass(frozen=True)
class Switch:
    """A field of a few choices: on or off, a name, or a probability that costs memory only when it is not zero."""

    path: str
    value: Any
    others: tuple[Any, ...]


def knobs(point: Point) -> list[Number | Switch]:
    """Everything that can be turned, in the order of declaration."""
    return [*_walk("model", point.model), *_walk("plan", point.plan)]


def numbers(point: Point) -> list[Number]:
    """The knobs that hold whole numbers."""
    return [k for k in knobs(point) if isinstance(k, Number)]


def switches(point: Point) -> list[Switch]:
    """The knobs that hold choices."""
    return [k for k in knobs(point) if isinstance(k, Switch)]


def _walk(path: str, block: Any) -> Iterator[Number | Switch]:
    hints = get_type_hints(type(block))
    for field in dataclasses.fields(block):
        value, here = getattr(block, field.name), f"{path}.{field.name}"
        others = _others(hints[field.name], value)
        if dataclasses.is_dataclass(value):
            yield from _walk(here, value)
        elif others:
            yield Switch(here, value, others)
        elif isinstance(value, int) and value >= 1 and hints[field.name] is not float:  # zero has no relative change
            yield Number(here, value)


def _others(hint: Any, value: Any) -> tuple[Any, ...]:
    """The choices that are not taken; none for a field that is no choice."""
    if get_origin(hint) is Literal:
        return tuple(choice for choice in get_args(hint) if choice != value)
    if isinstance(value, bool):
        return (not value,)
    return (0.0,) if isinstance(value, float) and 0 < value < 1 else ()


def neighbors(point: Point, knob: Number) -> list[int]:
    """The nearest valid values, one below and one above, or two on one side where the other has none.

    Nearest: at least 1/32 and at most all of the value away, and running the same kernels where such a value is among
    the nearest; a head size that is no multiple of 8, say, pads the attention's tensors, which is a jump and no slope.
    """
    return _around(point, knob, alike=True) or _around(point, knob, alike=False)


def below(point: Point, knob: Number) -> int | None:
    """The nearest valid value below by the same rule, or None."""
    step = _power_of_two(knob.value // SMALLEST_STEP)
    return _nearest(point, knob, -1, step, alike=True) or _nearest(point, knob, -1, step, alike=False)


def _around(point: Point, knob: Number, alike: bool) -> list[int]:
    step = _power_of_two(knob.value // SMALLEST_STEP)
    sides = [(sign, value) for sign in (-1, 1) if (value := _nearest(point, knob, sign, step, alike))]
    values = [value for _, value in sides]
    if len(sides) == 1:
        sign, value = sides[0]
        values += filter(None, [_nearest(point, knob, sign, 2 * abs(value - knob.value), alike)])
    return values


def _nearest(point: Point, knob: Number, sign: int, distance: int, alike: bool) -> int | None:
    """The nearest valid value that is `distance` or more away, if `alike` one that runs the same kernels; or None."""
    near = islice(_valid(point, knob, sign, distance), NEAREST)
    return next((value for value, turned in near if not alike or turned.kernels == point.kernels), None)


def _valid(point: Point, knob: Number, sign: int, distance: int) -> Iterator[tuple[int, Point]]:
    grid = _power_of_two(knob.value // (SMALLEST_STEP * GRAIN))
    for far in range(distance, knob.value + 2, grid):
        turned = point.attempt({knob.path: knob.value + sign * far})
        if turned:
            yield knob.value + sign * far, turned


def _power_of_two(limit: int) -> int:
    """The largest power of two up to `limit`, at least 1: steps of it keep the alignment that a size has."""
    return 1 << max(limit, 1).bit_length() - 1
