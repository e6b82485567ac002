"""A knob: one quantity of a config, fixed or with the values it may take.

Each kind has the same readings: `default`, `middle`, `high`, `values` (where finite), a suggestion for a trial and a
column of samples.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Column: TypeAlias = npt.NDArray[Any]


class Suggests(Protocol):
    """What a knob needs of a trial; Optuna's has it."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int: ...

    def suggest_categorical(self, name: str, choices: Sequence[float]) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """A knob that does not vary."""

    default: float

    @property
    def middle(self) -> float:
        return self.default

    @property
    def values(self) -> tuple[float, ...]:
        return (self.default,)

    @property
    def high(self) -> float:
        return self.default

    def suggest(self, trial: Suggests, name: str) -> float:
        """The one value; the trial is not asked."""
        return self.default

    def column(self, rng: np.random.Generator, n: int) -> Column:
        """`n` times the value."""
        return np.full(n, self.default)

    def nearest(self, value: float) -> float:
        """The one value."""
        return self.default

    def at_most(self, high: float) -> "Fixed":
        """Itself: the caller has checked that it is within `high`."""
        return self


@dataclass(frozen=True, kw_only=True)
class Choices:
    """A knob that takes one of a few values, in ascending order."""

    values: tuple[float, ...]
    default: float

    @property
    def middle(self) -> float:
        return self.values[len(self.values) // 2]

    @property
    def high(self) -> float:
        return self.values[-1]

    def suggest(self, trial: Suggests, name: str) -> float:
        """One of the values."""
        return trial.suggest_categorical(name, self.values)

    def column(self, rng: np.random.Generator, n: int) -> Column:
        """`n` of the values, uniformly."""
        return rng.choice(np.array(self.values), n)

    def nearest(self, value: float) -> float:
        """The value nearest to this one."""
        return min(self.values, key=lambda known: abs(known - value))

    def at_most(self, high: float) -> "Choices":
        """The same knob without the values above `high`."""
        values = tuple(v for v in self.values if v <= high)
        return Choices(values=values, default=min(self.default, values[-1]))


@dataclass(frozen=True, kw_only=True)
class Range:
    """A knob between `low` and `high`, both included; uniform in its logarithm if `log`; on a grid if it has a `step`.

    `high` lies on the grid. Whole if low, high and step are ints.
    """

    low: float
    high: float
    default: float
    log: bool = False
    step: float | None = None

    @property
    def middle(self) -> float:
        if self.log:
            return math.sqrt(self.low * self.high)
        return (self.low + self.high) / 2 if self.step is None else self.values[len(self.values) // 2]

    @property
    def values(self) -> tuple[float, ...]:
        """The grid; only with a step."""
        assert self.step is not None
        return tuple(self.low + i * self.step for i in range(self._intervals + 1))

    @property
    def _intervals(self) -> int:
        return round((self.high - self.low) / (self.step or 1))

    @property
    def _is_whole(self) -> bool:
        return all(isinstance(v, int) for v in (self.low, self.high, self.step))

    def suggest(self, trial: Suggests, name: str) -> float:
        """A value of the range."""
        if self._is_whole:
            return trial.suggest_int(name, int(self.low), int(self.high), step=int(self.step or 1))
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def column(self, rng: np.random.Generator, n: int) -> Column:
        """`n` values of the range, uniformly, in the logarithm if `log`."""
        if self.step is not None:
            return rng.choice(np.array(self.values), n)
        if self.log:
            return np.exp(rng.uniform(math.log(self.low), math.log(self.high), n)).clip(self.low, self.high)
        return rng.uniform(self.low, self.high, n)

    def nearest(self, value: float) -> float:
        """The value of the range nearest to this one."""
        if self.step is not None:
            return min(self.values, key=lambda known: abs(known - value))
        return min(max(value, self.low), self.high)

    def at_most(self, high: float) -> "Range":
        """The same knob up to `high`, which lies on the grid if there is one."""
        return self.within(self.low, high)

    def within(self, low: float, high: float) -> "Range":
        """The part of the range in [low, high], the default moved inside."""
        low, high = max(self.low, low), min(self.high, high)
        return dataclasses.replace(self, low=low, high=high, default=min(max(self.default, low), high))


@dataclass(frozen=True, kw_only=True)
class Words:
    """A knob that takes one of a few names, in no order: a schedule, or a knob of the user's own."""

    values: tuple[Any, ...]
    default: Any

    @property
    def middle(self) -> Any:
        return self.default

    @property
    def high(self) -> Any:
        return self.values[-1]

    def suggest(self, trial: Suggests, name: str) -> Any:
        """One of the names."""
        return trial.suggest_categorical(name, self.values)

    def column(self, rng: np.random.Generator, n: int) -> Column:
        """`n` of the names, uniformly."""
        return rng.choice(np.array(self.values, dtype=object), n)

    def nearest(self, value: Any) -> Any:
        """The name itself."""
        return value

    def at_most(self, high: Any) -> "Words":
        """Itself: names have no order."""
        return self


Knob: TypeAlias = Fixed | Choices | Range | Words
