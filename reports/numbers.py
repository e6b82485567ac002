"""Numbers on their way into the page: rounded, finite, and never more of them than an eye can use."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

DIGITS = 6  # significant digits that the page keeps: more than any figure shows, a third of the bytes of repr()
MAX_POINTS = 4500  # of all curves together
MIN_PER_CURVE, MAX_PER_CURVE = 15, 200

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Nested data as JSON can hold it: floats to DIGITS significant digits, NaN and infinities as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return _float(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def finite(value: Any) -> bool:
    """Whether this is a number that can be drawn; None, text, NaN and infinities are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def per_curve(curves: int) -> int:
    """How many points of each of so many curves the page keeps: a study of 200 trials stays below 3 MB."""
    return min(max(MAX_POINTS // max(curves, 1), MIN_PER_CURVE), MAX_PER_CURVE)


def thin(items: Sequence[T], limit: int) -> list[T]:
    """At most `limit` (>= 2) of the items, evenly spaced, the first and the last among them."""
    if len(items) <= limit:
        return list(items)
    step = (len(items) - 1) / (limit - 1)
    return [items[round(i * step)] for i in range(limit)]


def _float(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
