"""What runs that differ in nothing but their seed say: a mean, and how far luck may carry it.

Two runs alone say next to nothing of the spread: Student's t with one degree of freedom is 12.7. So what seeds
usually do counts too, as much as one more run (the moderated t of Smyth 2004, doi:10.2202/1544-6115.1027): of 104
configs near the best of their learning rate, trained with three seeds or more (tests/bench/lr/truth.csv), intervals
around two runs hold a third in 96 % of all cases, and are half as wide as those of t alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

LEVEL = 0.95
USUAL = 0.008  # standard deviation between seeds, of the loss
WEIGHT = 1  # degrees of freedom that this counts for


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean [nats/token] with its interval at LEVEL; without one where there was a single run."""

    mean: float
    half: float | None = None  # half its width
    runs: int = 1

    @property
    def low(self) -> float | None:
        """The lower end."""
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        """The upper end."""
        return None if self.half is None else self.mean + self.half

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero: for a difference, whether it is more than luck."""
        return self.half is not None and abs(self.mean) > self.half


def mean(losses: Sequence[float]) -> Interval:
    """Of the expected loss of a config, from runs with several seeds.

    >>> round(mean([2.30, 2.32, 2.28]).half, 4)  # 3.182 * 0.0195 / sqrt(3)
    0.0358
    """
    return Interval(mean=fmean(losses), half=_half(losses, 1 / len(losses)), runs=len(losses))


def lead(losses: Sequence[float], other: float) -> Interval:
    """How much lower a config's loss is than `other`, the loss of one run of another one.

    The other's seed is taken to scatter its loss as much as these runs' own: its variance comes on top.

    >>> round(lead([2.30, 2.32, 2.28], 2.4).half, 4)  # 3.182 * 0.0195 * sqrt(1 + 1 / 3)
    0.0716
    """
    return Interval(mean=other - fmean(losses), half=_half(losses, 1 + 1 / len(losses)), runs=len(losses))


def _half(losses: Sequence[float], share: float) -> float | None:
    """Half the width of an interval whose variance is `share` of that of one run."""
    if len(losses) < 2:
        return None
    from scipy.special import stdtrit  # not for those who have nothing to ask

    own = len(losses) - 1  # degrees of freedom
    usual = (USUAL * fmean(losses)) ** 2
    spread = (WEIGHT * usual + own * variance(losses)) / (WEIGHT + own)
    return float(stdtrit(WEIGHT + own, (1 + LEVEL) / 2)) * math.sqrt(share * spread)
