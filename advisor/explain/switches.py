"""What each switch would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from advisor.explain import knobs
from advisor.explain.knobs import Switch
from advisor.explain.point import Point


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Relative change of each reading when the switch `knob` is set to `other`: -0.25 is a quarter less."""

    knob: str  # its path
    value: Any
    other: Any
    memory: float
    parameters: float
    flops: float
    time: float | None


def effects(point: Point) -> list[Effect]:
    """Of every other setting that is valid and changes a reading, the largest relief of memory first."""
    found = [
        _effect(switch, other, point, turned)
        for switch in knobs.switches(point)
        for other in switch.others
        if (turned := point.attempt({switch.path: other}))
    ]
    return sorted((e for e in found if e.memory or e.parameters or e.flops or e.time), key=lambda e: e.memory)


def _effect(switch: Switch, other: Any, before: Point, after: Point) -> Effect:
    old, new = before.readings, after.readings
    return Effect(
        knob=switch.path,
        value=switch.value,
        other=other,
        memory=new.memory / old.memory - 1,
        parameters=new.parameters / old.parameters - 1,
        flops=new.flops / old.flops - 1,
        time=new.time / old.time - 1 if new.time and old.time else None,
    )
