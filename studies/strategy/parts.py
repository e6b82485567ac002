"""What a study has still to run, part after part, and how long that takes."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MARGIN = 1.15  # on predicted seconds, while a study has not seen yet how far off they are
FINALS = 2  # re-runs of the winner, if there is time
MOST_FINALS = 2 * FINALS  # in all, where a re-run has made another one the winner


@dataclass(frozen=True, kw_only=True)
class Part:
    """So many trials that may run beside each other; `seconds` of each, on average, and of the longest one."""

    trials: int
    seconds: float
    longest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Part":
        """A trial for each of these, which may be none."""
        return cls(
            trials=len(seconds),
            seconds=statistics.fmean(seconds) if seconds else 0.0,
            longest=max(seconds, default=0.0),
        )

    @classmethod
    def alike(cls, trials: int, seconds: float) -> "Part":
        """So many trials that take as long each."""
        return cls(trials=trials, seconds=seconds, longest=seconds if trials else 0.0)

    def __add__(self, other: "Part") -> "Part":
        """Both as one part."""
        trials = self.trials + other.trials
        total = self.trials * self.seconds + other.trials * other.seconds
        return Part(trials=trials, seconds=total / max(trials, 1), longest=max(self.longest, other.longest))


def wall_clock(parts: Iterable[Part], at_once: int) -> float:
    """Of all parts, `at_once` trials at a time, each part beginning when the one before has ended [s].

    >>> wall_clock([Part.of([2.0, 1.0, 3.0]), Part.of([1.0, 5.0])], at_once=2)
    9.0
    """
    return sum(max(math.ceil(part.trials / at_once) * part.seconds, part.longest) for part in parts)
