"""Elasticities: by how many percent a reading changes when a knob is turned by one percent, all else held."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.errors import InputError
from advisor.explain.knobs import Number, neighbors, numbers
from advisor.explain.point import READINGS, Point, Readings


@dataclass(frozen=True, kw_only=True)
class Elasticity:
    """d log(reading) / d log(knob) at a point, one number per reading; `time` is None where no time can be said.

    Elasticities add: knobs turned together in proportion have the sum of theirs. Memory's is that of the level at the
    op where the peak lies now: the peak is the highest of many levels, and another may overtake it at a neighbor.
    """

    knob: str  # its path
    value: int
    neighbors: tuple[int, ...]  # the values that the slope was taken from
    same_kernels: bool  # otherwise another kernel runs at a neighbor: a jump is in the slope
    same_peak: bool  # otherwise the peak lies elsewhere at a neighbor: further on, another slope holds
    memory: float
    parameters: float
    flops: float
    time: float | None


def elasticities(point: Point, by: str = "memory") -> list[Elasticity]:
    """Of every whole number that has a valid neighbor, the largest effect on the reading `by` first.

    Raises InputError when they are to be ranked by time and no time can be said.
    """
    if by == "time" and point.readings.time is None:
        raise InputError("rank by time", expected="a GPU whose speed is known", got=point.gpu and point.gpu.name)
    found = [e for knob in numbers(point) if (e := _elasticity(point, knob))]
    return sorted(found, key=lambda e: -abs(getattr(e, by) or 0.0))


def _elasticity(point: Point, knob: Number) -> Elasticity | None:
    near = {value: p for value in neighbors(point, knob) if (p := point.attempt({knob.path: value}))}
    if not near:
        return None
    points = [(knob.value, point.readings), *((value, _readings(point, p)) for value, p in near.items())]
    values: dict[str, float | None] = {}
    for i, reading in enumerate(READINGS):
        known = [(x, y) for x, readings in points if (y := readings[i]) is not None]
        values[reading] = slope(known) * knob.value / known[0][1] + 0.0 if known else None
    return Elasticity(
        knob=knob.path,
        value=knob.value,
        neighbors=tuple(near),
        same_kernels=all(p.kernels == point.kernels for p in near.values()),
        same_peak=all(p.peak_place == point.peak_place for p in near.values()),
        **values,  # type: ignore[arg-type]
    )


def _readings(point: Point, turned: Point) -> Readings:
    """The readings of a neighbor, its memory where the peak of the point lies."""
    return turned.readings._replace(memory=turned.level(point.peak_place))


def slope(points: list[tuple[int, float]]) -> float:
    """Derivative at the first of two or three points of the line or parabola through them.

    Parameters, FLOPs and the sizes of tensors are polynomials of second degree in each size of a transformer, so three
    points give the derivative itself, however far apart they lie: Newton's divided differences.

    >>> slope([(3, 9.0), (2, 4.0), (7, 49.0)])
    6.0
    """
    (x0, y0), (x1, y1), *rest = points
    first = (y1 - y0) / (x1 - x0)
    if not rest:
        return first
    x2, y2 = rest[0]
    second = ((y2 - y0) / (x2 - x0) - first) / (x2 - x1)
    return first + second * (x0 - x1)
