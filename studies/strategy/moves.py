"""One knob at a time, up or down from a point: the moves of the local search."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from search_spaces import Space
from search_spaces.knob import Fixed, Range, Words
from studies.strategy.proposal import Params
from studies.strategy.rates import scaled

RATE_STEP = 2**0.5  # factor: half an octave, at which a short run tells two learning rates apart
LOG_STEP = 3.0  # factor, of other knobs with a logarithmic range
LINEAR_STEP = 1 / 4  # of the range
ORDER = ("learning_rate", "depth_fraction", "dropout", "weight_decay", "d_model")  # what matters most first
SAME = 1e-6  # apart at most, relative or absolute
MIN_SCALE = 1 / 8  # of a step: what finer steps would gain is less than one seed's luck


@dataclass(frozen=True, kw_only=True)
class Move:
    """A step of one knob; `scale` shortens it."""

    knob: str
    up: bool
    scale: float = 1.0


class Moves:
    """The moves in one space. `frontier`: its shapes, the shallowest first, as `shapes.frontier` gives them."""

    def __init__(self, space: Space, limit_bytes: int, frontier: Sequence[Params]) -> None:
        self._space, self._limit_bytes, self._frontier = space, limit_bytes, frontier
        self._varying = space.varying(limit_bytes)
        self._widths = space.fitting(limit_bytes).knobs["d_model"].values
        self._points: dict[tuple[tuple[str, float], ...], Mapping[str, float]] = {}
        self.knobs = [k for k in ORDER if k in self._varying] + [k for k in self._varying if k not in ORDER]

    def is_continuous(self, knob: str) -> bool:
        """Whether a knob's steps can be shortened."""
        found = self._varying[knob]
        return isinstance(found, Range) and found.step is None and knob != "depth_fraction"

    def apply(self, params: Params, move: Move) -> Params | None:
        """Where a move leads from `params`; None where it leads out of the space or nowhere."""
        moved = self._moved(params, move)
        return None if moved is None or self.is_same(moved, params) else moved

    def is_same(self, params: Params, other: Params) -> bool:
        """Whether both resolve to the same point, but for what steps up and down again leave of rounding."""
        one, two = self.point(params), self.point(other)
        return all(_is_close(one[name], two[name]) for name in one)

    def point(self, params: Params) -> Mapping[str, float]:
        """What params resolve to; kept, as the same ones are asked for again with every trial."""
        key = tuple(sorted(params.items()))
        if key not in self._points:
            self._points[key] = self._space.point(params, self._limit_bytes)
        return self._points[key]

    def _moved(self, params: Params, move: Move) -> Params | None:
        if move.knob == "depth_fraction":
            return self._deeper(params, move.up)
        if move.knob == "d_model":
            return self._wider(params, move.up)
        if not self.is_continuous(move.knob):
            return self._neighbour(params, move)
        knob, sign = self._varying[move.knob], 1 if move.up else -1
        value = self._stepped(move.knob, params[move.knob], sign * move.scale)
        return {**params, move.knob: knob.nearest(value)}

    def _stepped(self, name: str, value: float, steps: float) -> float:
        knob = self._varying[name]
        assert isinstance(knob, Range)
        if not knob.log:
            return value + LINEAR_STEP * (knob.high - knob.low) * steps
        return float(value * (RATE_STEP if name == "learning_rate" else LOG_STEP) ** steps)

    def _neighbour(self, params: Params, move: Move) -> Params | None:
        """The next value; names, which have no order, stand in a ring."""
        knob = self._varying[move.knob]
        index = knob.values.index(params[move.knob]) + (1 if move.up else -1)
        if isinstance(knob, Words):
            index %= len(knob.values)
        return {**params, move.knob: knob.values[index]} if 0 <= index < len(knob.values) else None

    def _deeper(self, params: Params, up: bool) -> Params | None:
        """The next depth of the frontier, deeper or shallower, as much narrower than the widest there as here."""
        here = self.point(params)
        shapes = {self.point({**params, **shape})["depth"]: shape for shape in self._frontier}
        beyond = [depth for depth in shapes if (depth > here["depth"] if up else depth < here["depth"])]
        if not beyond:
            return None
        moved = self.reshaped(params, shapes[beyond[0] if up else beyond[-1]])
        widest = self.point({**params, **shapes.get(here["depth"], {})})["d_model"]
        width = self.point(moved)["d_model"] * here["d_model"] / widest
        return self._with_width(moved, _nearest(self._widths, width))

    def _wider(self, params: Params, up: bool) -> Params | None:
        """The next width at the same depth, where there is one."""
        index = self._widths.index(params["d_model"]) + (1 if up else -1)
        return self._with_width(params, self._widths[index]) if 0 <= index < len(self._widths) else None

    def halved(self, params: Params) -> Params | None:
        """Half the width at the same depth, or the narrower one that comes nearest; None for the narrowest."""
        width = self.point(params)["d_model"]
        narrower = [each for each in self._widths if each < width]
        return self._with_width(params, _nearest(narrower, width / 2)) if narrower else None

    def _with_width(self, params: Params, width: float) -> Params | None:
        """Another width at the same depth, if it has that; at its own depth where the space leaves none to choose."""
        depth, is_free = self.point(params)["depth"], "depth_fraction" in self._varying
        shapes = (s for s in self._depths(params, width) if not is_free or self.point(s)["depth"] == depth)
        shape = next(shapes, None)
        return None if shape is None else self.reshaped(params, shape)

    def _depths(self, params: Params, width: float) -> Iterator[Params]:
        wide = {**params, "d_model": width}
        if "depth_fraction" not in self._varying:
            yield wide
            return
        largest = int(self.point({**wide, "depth_fraction": 1.0})["depth"])
        for depth in range(1, largest + 1):
            yield {**wide, "depth_fraction": self._varying["depth_fraction"].nearest(depth / largest)}

    def rate(self, rate: float, width: float, other: float) -> float:
        """The learning rate for another width: under muP the same one."""
        return rate if self._space.plan.get("parametrization") == "mup" else scaled(rate, width, other)

    def reshaped(self, params: Params, shape: Params) -> Params:
        """Another shape, with the learning rate for its width."""
        shape = {name: value for name, value in shape.items() if name in self._varying}
        moved = {**params, **shape}
        knob = self._space.knobs["learning_rate"]
        if not isinstance(knob, Fixed):
            rate = self.rate(params["learning_rate"], self.point(params)["d_model"], self.point(moved)["d_model"])
            moved["learning_rate"] = knob.nearest(rate)
        return moved

    def between(self, start: Params, end: Params) -> Move | None:
        """The move that has led from one to the other, if one has: which knob, and whether up. Its scale is unknown."""
        if "depth_fraction" in self._varying and self.point(start)["depth"] != self.point(end)["depth"]:
            return Move(knob="depth_fraction", up=self.point(end)["depth"] > self.point(start)["depth"])
        if self.point(start)["d_model"] != self.point(end)["d_model"]:
            return Move(knob="d_model", up=self.point(end)["d_model"] > self.point(start)["d_model"])
        changed = [k for k in self._varying if start[k] != end[k] and k != "depth_fraction"]
        return Move(knob=changed[0], up=self._is_up(changed[0], start, end)) if len(changed) == 1 else None

    def _is_up(self, name: str, start: Params, end: Params) -> bool:
        knob = self._varying[name]
        if isinstance(knob, Words):
            return (knob.values.index(end[name]) - knob.values.index(start[name])) % len(knob.values) == 1
        return end[name] > start[name]


def _nearest(values: Sequence[float], value: float) -> float:
    """In the logarithm."""
    return min(values, key=lambda each: abs(math.log(each / value)))


def _is_close(one: float | str, two: float | str) -> bool:
    """Names have to be equal."""
    if isinstance(one, str) or isinstance(two, str):
        return one == two
    return math.isclose(one, two, rel_tol=SAME, abs_tol=SAME)
