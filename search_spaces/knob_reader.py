"""Reads the declaration of one knob; every error names the path of the key."""

import math
from collections.abc import Mapping
from typing import Any

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.recipe import SCHEDULES
from search_spaces.knob import Choices, Fixed, Knob, Range, Words
from search_spaces.space import SHAPE_KNOBS

MAX_GRID = 1024  # values of one knob

# What a knob may hold: (lowest, highest, whole numbers only).
BOUNDS: dict[str, tuple[float, float, bool]] = {
    "learning_rate": (1e-9, 10.0, False),
    "weight_decay": (0.0, 10.0, False),
    "beta1": (0.0, 0.99999, False),
    "beta2": (0.0, 0.99999, False),
    "eps": (1e-20, 1.0, False),
    "warmup_ratio": (0.0, 1.0, False),
    "min_lr_ratio": (0.0, 1.0, False),
    "ema_decay": (0.0, 0.99999, False),
    "dropout": (0.0, 0.95, False),
    "d_model": (1, check.MAX_WIDTH, True),
    "head_size": (1, check.MAX_WIDTH, True),
    "ffn_ratio": (0.125, 256.0, False),
    "batch": (1, check.MAX_BATCH, True),
    "depth_fraction": (0.0, 1.0, False),
}


# What a knob of names may hold.
NAMES: dict[str, tuple[str, ...]] = {"schedule": SCHEDULES}
ANY = (-1e12, 1e12, False)  # what a knob of the user's own may hold


def read_knob(space: str, name: str, fixed: Mapping[str, Any], vary: Mapping[str, Any]) -> Knob:
    """The knob `name` of a space, from its [fixed] or its [vary] table. Raises InputError or UnknownError."""
    if (name in fixed) == (name in vary):
        got = "both" if name in fixed else "neither"
        raise InputError(f"{space}: {name}", expected=f"either fixed.{name} or vary.{name}", got=got)
    if name in fixed:
        return Fixed(default=_number(f"{space}.fixed", fixed, name, name))
    path = f"{space}.vary.{name}"
    table = table_at(path, vary[name])
    return _choices(path, table, name) if "choices" in table or name in NAMES else _range(path, table, name)


def _bounds(name: str) -> tuple[float, float, bool]:
    return BOUNDS.get(name, ANY)


def _choices(path: str, table: Mapping[str, Any], name: str) -> Choices | Words:
    check.known_keys(path, list(table), ("choices", "default"))
    expected = f"a list of 2 to {MAX_GRID} {'names' if name in NAMES else 'numbers'}"
    listed = value_at(f"{path}.choices", table, "choices", expected)
    if not isinstance(listed, list) or not 2 <= len(listed) <= MAX_GRID:
        raise InputError(f"{path}.choices", expected=expected, got=listed)
    for value in listed if name in NAMES else ():
        check.choice(f"{path}.choices", value, NAMES[name])
    if name not in BOUNDS and all(isinstance(value, str) for value in listed):
        return _words(path, table, tuple(listed))
    values = tuple(_number(f"{path}.choices", dict(enumerate(listed)), i, name) for i in range(len(listed)))
    if list(values) != sorted(set(values)):
        raise InputError(f"{path}.choices", expected="different numbers in ascending order", got=listed)
    return Choices(values=values, default=_on_grid(path, table, name, values))


def _words(path: str, table: Mapping[str, Any], words: tuple[str, ...]) -> Words:
    """A knob of names, one of which is the default."""
    if len(set(words)) < len(words):
        raise InputError(f"{path}.choices", expected="different names", got=list(words))
    check.choice(f"{path}.default", value_at(f"{path}.default", table, "default", "one of the choices"), words)
    return Words(values=words, default=table["default"])


def _range(path: str, table: Mapping[str, Any], name: str) -> Range:
    check.known_keys(path, list(table), ("low", "high", "default", "log", "step"))
    low, high, default = (_number(path, table, key, name) for key in ("low", "high", "default"))
    if low >= high:
        raise InputError(path, expected="low below high", got=f"low = {low}, high = {high}")
    if not low <= default <= high:
        raise InputError(f"{path}.default", expected=f"a number from {low} to {high}", got=default)
    log = table.get("log", False)
    check.flag(f"{path}.log", log)
    if log and low <= 0:
        raise InputError(f"{path}.low", expected="a positive number, the range being log", got=low)
    step = _step(path, table, name, log, high - low)
    knob = Range(low=low, high=high, default=default, log=log, step=step)
    if step is not None:
        _on_grid(path, table, name, knob.values)
    return knob


def _step(path: str, table: Mapping[str, Any], name: str, log: bool, span: float) -> float | None:
    """The step of a range, if it has one. A knob of the shape must: its values are counted."""
    if "step" not in table:
        if name in SHAPE_KNOBS:
            raise InputError(path, expected="choices, or low, high and step", got="no step")
        return None
    step = _positive(f"{path}.step", table["step"], whole=_bounds(name)[2])
    intervals = span / step
    if log or not 1 <= round(intervals) < MAX_GRID or not math.isclose(intervals, round(intervals)):
        expected = f"a part of high - low = {span:g}, at most {MAX_GRID - 1} of them, the range not being log"
        raise InputError(f"{path}.step", expected=expected, got=step)
    return step


def _on_grid(path: str, table: Mapping[str, Any], name: str, values: tuple[float, ...]) -> float:
    """The default, which is one of `values`."""
    default = _number(path, table, "default", name)
    nearest = min(values, key=lambda value: abs(value - default))
    if not math.isclose(nearest, default, abs_tol=1e-12):
        raise InputError(f"{path}.default", expected="one of the values", got=default, nearest=f"{nearest:g}")
    return nearest


def _number(path: str, table: Mapping[Any, Any], key: Any, knob: str) -> float:
    """A number within the knob's bounds."""
    low, high, whole = _bounds(knob)
    expected = f"{'a whole number' if whole else 'a number'} from {low:g} to {high:g}"
    value = value_at(f"{path}.{key}", table, key, expected)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not low <= value <= high:
        raise InputError(f"{path}.{key}", expected=expected, got=value)
    return value


def _positive(path: str, value: Any, whole: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not 0 < value < math.inf:
        raise InputError(path, expected=f"a positive {'whole ' if whole else ''}number", got=value)
    return value


def table_at(path: str, value: Any) -> dict[str, Any]:
    """The value, which is a table. Raises InputError."""
    if not isinstance(value, dict):
        raise InputError(path, expected="a table", got=value)
    return value


def value_at(path: str, table: Mapping[Any, Any], key: Any, expected: str) -> Any:
    """The value of a key that must be there. Raises InputError."""
    if key not in table:
        raise InputError(path, expected=expected, got="nothing")
    return table[key]
