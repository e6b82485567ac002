"""What a full trial's loss is at any learning rate, and where it is best: from the runs of the true sweep."""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tests.bench.lr.rows import Trained

AROUND_BEST, NEAREST = 2, 1  # runs on either side that a parabola is fitted to


class Truth:
    """Of one shape: mean losses of the seeds at each learning rate."""

    def __init__(self, rows: Sequence[Trained]) -> None:
        by_rate = defaultdict(list)
        for row in rows:
            by_rate[row.learning_rate].append(row.loss)
        seeds = max(len(losses) for losses in by_rate.values())
        rates = sorted(rate for rate, losses in by_rate.items() if len(losses) == seeds)
        self.octaves = np.log2(rates)
        self.losses = np.array([np.mean(by_rate[rate]) for rate in rates])
        self.best, self.lowest = self._vertex()

    @property
    def best_rate(self) -> float:
        """The best learning rate."""
        return float(2**self.best)

    def _vertex(self) -> tuple[float, float]:
        """Of the parabola fitted around the best run, at most a step from it (in octaves, in nats).

        Bjorck et al. 2025 (arXiv:2409.19913) fit one to all runs that have not diverged; here a cliff follows the best.
        """
        best = int(np.argmin(self.losses))
        a, b, _ = self._parabola(best, AROUND_BEST)
        step = self.octaves[1] - self.octaves[0]
        vertex = -b / (2 * a) if a > 0 else self.octaves[best]
        vertex = min(max(vertex, self.octaves[best] - step), self.octaves[best] + step)
        return float(vertex), min(float(self.losses[best]), self.loss(2**vertex))

    def loss(self, rate: float) -> float:
        """By the parabola through the nearest runs; beyond the grid that of its end."""
        octave = min(max(math.log2(rate), self.octaves[0]), self.octaves[-1])
        return float(np.polyval(self._parabola(int(np.argmin(abs(self.octaves - octave))), NEAREST), octave))

    def regret(self, rate: float) -> float:
        """Loss beyond the lowest [nats/token]."""
        return max(0.0, self.loss(rate) - self.lowest)

    def _parabola(self, middle: int, around: int) -> np.ndarray:
        middle = min(max(middle, NEAREST), len(self.losses) - 1 - NEAREST)
        kept = slice(max(middle - around, 0), middle + around + 1)
        return np.polyfit(self.octaves[kept], self.losses[kept], 2)
