"""The way down from a knob's value: a number to smaller valid values, rung by rung; a switch to one other setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from advisor.explain.knobs import Number, below, numbers, switches
from advisor.explain.point import Point

GIVEN_BY_DATA = ("vocab", "context")  # fields that are not a matter of choice
COARSE = 8  # rungs of a ladder that is taken together with another


@dataclass(frozen=True)
class Ladder:
    """The values that a knob can be turned to, the gentlest first."""

    path: str
    values: tuple[Any, ...]

    @property
    def end(self) -> dict[str, Any]:
        """The change that goes all the way down."""
        return {self.path: self.values[-1]}

    def coarse(self) -> Ladder:
        """Every n-th rung, so that at most COARSE are left, the last among them."""
        stride = -(-len(self.values) // COARSE)
        return Ladder(self.path, self.values[::-1][::stride][::-1])


def ladders(point: Point) -> list[Ladder]:
    """All ways to make do with less, or to run the same model another way.

    A switch of the model is not among them: it makes another architecture, whose loss cannot be put beside this one's.
    """
    chosen = [knob for knob in numbers(point) if knob.path.rpartition(".")[2] not in GIVEN_BY_DATA]
    down = [Ladder(knob.path, _smaller(point, knob)) for knob in chosen]
    plan = [switch for switch in switches(point) if switch.path.startswith("plan.")]
    across = [Ladder(switch.path, (other,)) for switch in plan for other in switch.others]
    return [ladder for ladder in down if ladder.values] + across


def _smaller(point: Point, knob: Number) -> tuple[int, ...]:
    """Valid values below, in steps of the distance to the nearest one."""
    nearest = below(point, knob)
    steps = range(nearest, 0, nearest - knob.value) if nearest else ()
    return tuple(value for value in steps if point.attempt({knob.path: value}))
