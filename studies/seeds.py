"""What runs that differ in nothing but their seed say: a mean, and how far luck may carry it.

Two runs alone say next to nothing of the spread: Student's t with one degree of freedom is 12.7. So what seeds
usually do counts too, as much as one more run (the moderated t of Smyth 2004, doi:10.2202/1544-6115.1027): of 104
configs near the best of their learning rate, trained with three seeds or more (tests/bench/lr/truth.csv), intervals
around two runs hold a third in 96 % of all cases, and are less than half as wide as those of t alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

LEVEL = 0.95
USUAL = 0.006  # standard deviation between seeds, of the loss
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

    >>> round(mean([2.30, 2.32, 2.28]).half, 4)  # 3.182 * 0.0182 / sqrt(3)
    0.0334
    """
    return Interval(mean=fmean(losses), half=_half([losses], 1 / len(losses)), runs=len(losses))


def lead(losses: Sequence[float], others: Sequence[float]) -> Interval:
    """How much lower a config's loss is than another one's, from runs of both.

    Seeds are taken to scatter the losses of both alike.

    >>> round(lead([2.30, 2.32, 2.28], [2.4]).half, 4)  # 3.182 * 0.0182 * sqrt(1 + 1 / 3)
    0.0668
    """
    half = _half([losses, others], 1 / len(losses) + 1 / len(others))
    return Interval(mean=fmean(others) - fmean(losses), half=half, runs=len(losses))


def cautious(losses: Sequence[float]) -> float:
    """By what a search compares configs of which some have run more often: the mean and one standard error of it.

    The rule of Breiman et al. 1984 (Classification and Regression Trees, section 3.4.3). A run that diverged has an
    infinite loss. Each config scatters for itself: what luck did to an unstable one says nothing of a steady one.

    >>> cautious([2.30, 2.30]) < cautious([2.30]) < cautious([2.20, 2.40]) < cautious([2.20, math.inf])
    True
    """
    return fmean(losses) + math.sqrt(_spread([losses]) / len(losses)) if all(map(math.isfinite, losses)) else math.inf


def scores(configs: Sequence[Sequence[float]]) -> list[float]:
    """By what an answer is chosen, the lowest first: as `cautious`, but for two things.

    Of each config first the loss of the run that was picked, then those of its re-runs, which say alone what it is
    worth once there are any: they were not picked. And seeds are taken to scatter all of them alike: what has run once
    may be luck as much as what has been found to be.

    >>> confirmed, once, luck = scores([[2.30, 2.30], [2.295], [2.20, 2.40]])
    >>> confirmed < once < luck
    True
    """
    spread = _spread([list(filter(math.isfinite, losses)) for losses in configs]) if configs else 0.0
    return [fmean(losses[1:] or losses) + math.sqrt(spread / len(losses)) for losses in configs]


def _half(groups: Sequence[Sequence[float]], share: float) -> float | None:
    """Half the width of an interval whose variance is `share` of that of one run; None without two runs alike."""
    own = _freedom(groups)
    if not own:
        return None
    from scipy.special import stdtrit  # not for those who have nothing to ask

    return float(stdtrit(WEIGHT + own, (1 + LEVEL) / 2)) * math.sqrt(share * _spread(groups))


def _spread(groups: Sequence[Sequence[float]]) -> float:
    """The variance of one run, each group being runs of one config."""
    usual = (USUAL * min(map(fmean, groups))) ** 2
    own = sum((len(losses) - 1) * variance(losses) for losses in groups if len(losses) > 1)
    return (WEIGHT * usual + own) / (WEIGHT + _freedom(groups))


def _freedom(groups: Sequence[Sequence[float]]) -> int:
    """Degrees of freedom of the runs' own variance."""
    return sum(len(losses) - 1 for losses in groups)
