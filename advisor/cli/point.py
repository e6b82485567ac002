"""The config of a trial in a line."""

from collections.abc import Mapping
from typing import Any


def named(point: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The user's own knobs by their own names."""
    return [(name, value if isinstance(value, str) else f"{value:.3g}") for name, value in point.items()]


def names(point: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What of it is a name: its schedule, where that varies."""
    return [(name, value) for name, value in point.items() if isinstance(value, str)]


def in_a_line(point: Mapping[str, Any]) -> str:
    """'2 x 64, dropout 0.10, learning rate 1.00e-03'; of the user's own knobs each with its name."""
    if "d_model" not in point:
        return ", ".join(f"{name} {value}" for name, value in named(point))
    numbers = (
        f"{point['depth']:.0f} x {point['d_model']:.0f}, dropout {point['dropout']:.2f}, "
        f"learning rate {point['learning_rate']:.2e}"
    )
    return ", ".join([numbers, *(value for _, value in names(point))])
