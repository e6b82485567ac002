"""Models of the user's own: measured by real steps, in a child process, and kept within the memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from advisor.errors import InfeasibleError, ObjectiveError
from advisor.units import format_bytes
from search_spaces.free import FreeSpace
from search_spaces.knob import Fixed, Words
from studies.executors.local import LocalExecutor
from studies.executors.watch import watch
from studies.job import Device, TraceJob
from studies.needs import Needs

HANG_SECONDS = 600.0
Point = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Tracer:
    """Measures points of a space, each once."""

    space: FreeSpace
    device: Device
    known: dict[str, Needs | None] = field(default_factory=dict)

    def __call__(self, *points: Point) -> list[Needs | None]:
        """What each needs, None where memory runs out. Raises ObjectiveError."""
        new = {repr(sorted(point.items())): point for point in points}
        new = {key: point for key, point in new.items() if key not in self.known}
        if new:
            self.known.update(zip(new, self._measured(list(new.values())), strict=True))
        return [self.known[repr(sorted(point.items()))] for point in points]

    def _measured(self, points: Sequence[Point]) -> Sequence[Needs | None]:
        job = TraceJob(configs=tuple(self.space.resolve(point) for point in points), device=self.device)
        with LocalExecutor([self.device]) as executor:
            ending = watch(executor, job, limit_seconds=HANG_SECONDS, grace_seconds=0, should_stop=lambda: False)
        if ending.outcome.state != "COMPLETE":
            raise ObjectiveError(f"objective {self.space.objective}: {ending.outcome.message}")
        return ending.outcome.needs


def within(space: FreeSpace, device: Device, limit_bytes: int) -> FreeSpace:
    """The space whose heaviest corner fits: the knobs that cost memory lose values from above, the costliest first.

    The corner has each knob where the default config takes the most with it: memory is taken to grow, or to fall, with
    each knob alone. A step that fits there fits everywhere in the space. Raises InfeasibleError, ObjectiveError.
    """
    trace = Tracer(space=space, device=device)
    base = space.point({}, limit_bytes)
    corner = {**base, **{name: _heaviest(name, values, base, trace) for name, values in _values(space).items()}}
    while not _fits(corner, limit_bytes, trace):
        lower = {
            name: max(v for v in values if v < corner[name])
            for name, values in _values(space).items()
            if not isinstance(space.knobs[name], Words) and corner[name] == values[-1] > values[0]
        }
        if not lower:
            raise InfeasibleError(
                f"search space {space.name}: its smallest model does not fit {format_bytes(limit_bytes)}"
            )
        name = min(lower, key=lambda n: _bytes({**corner, n: lower[n]}, trace))
        space, corner = space.narrowed(name, lower[name]), {**corner, name: lower[name]}
    return space


def _values(space: FreeSpace) -> dict[str, tuple[float, ...]]:
    """What each knob that varies may be; of one without a grid its ends."""
    varying = {name: knob for name, knob in space.knobs.items() if not isinstance(knob, Fixed)}
    return {
        name: (knob.low, knob.high) if getattr(knob, "step", 0) is None else tuple(knob.values)  # type: ignore[union-attr]
        for name, knob in varying.items()
    }


def _heaviest(name: str, values: Sequence[float], base: Point, trace: Tracer) -> float:
    """The value of a knob with which the default config takes the most; of numbers, one of the ends."""
    ends = values if isinstance(values[0], str) else (values[0], values[-1])
    trace(*({**base, name: value} for value in ends))
    return max(ends, key=lambda value: _bytes({**base, name: value}, trace))


def _bytes(point: Point, trace: Tracer) -> float:
    [needs] = trace(point)
    return float("inf") if needs is None else needs.memory_bytes


def _fits(point: Point, limit_bytes: int, trace: Tracer) -> bool:
    return _bytes(point, trace) <= limit_bytes
