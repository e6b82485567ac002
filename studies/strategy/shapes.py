"""The shapes of a space that are worth comparing first: the widest model that fits, at each depth."""

import math
from collections.abc import Iterator

from search_spaces import Space
from search_spaces.knob import Range
from studies.strategy.proposal import Params

MAX_SHAPES = 6


def frontier(space: Space, limit_bytes: int) -> list[Params]:
    """Widths and depths as params, the shallowest first: the widest of each depth, at most MAX_SHAPES of them.

    Which way to spend a limit, on width or on depth, or on tokens instead, depends on the task and the time. Other
    knobs of the shape keep their defaults.
    """
    widest: dict[int, Params] = {}
    for params in every(space, limit_bytes):
        widest[int(space.point(params, limit_bytes)["depth"])] = params  # widths come in ascending order
    depths = sorted(widest)
    return [widest[depth] for depth in _spread(depths)]


def every(space: Space, limit_bytes: int) -> Iterator[Params]:
    """Every width with every depth that it can have."""
    knobs = space.fitting(limit_bytes).knobs
    for width in knobs["d_model"].values:
        for fraction in _fractions(space, width, limit_bytes):
            yield {"d_model": width, "depth_fraction": fraction}


def _fractions(space: Space, width: float, limit_bytes: int) -> tuple[float, ...]:
    """The values of `depth_fraction` that tell the depths of this width apart, in ascending order."""
    knob = space.knobs["depth_fraction"]
    if not isinstance(knob, Range) or knob.step is not None:
        return knob.values
    largest = int(space.point({"d_model": width, "depth_fraction": 1.0}, limit_bytes)["depth"])
    return tuple(sorted({knob.nearest(depth / largest) for depth in range(1, largest + 1)}))


def _spread(depths: list[int]) -> list[int]:
    """At most MAX_SHAPES of them, the first and the last among them, evenly in the logarithm.

    >>> _spread([1, 2, 3, 4]), _spread(list(range(1, 49)))
    ([1, 2, 3, 4], [1, 2, 5, 10, 22, 48])
    """
    if len(depths) <= MAX_SHAPES:
        return depths
    low, high = math.log(depths[0]), math.log(depths[-1])
    wanted = [math.exp(low + (high - low) * i / (MAX_SHAPES - 1)) for i in range(MAX_SHAPES)]
    return sorted({min(depths, key=lambda depth: abs(depth - want)) for want in wanted})
