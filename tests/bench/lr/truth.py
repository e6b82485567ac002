"""What a full trial's loss is at any learning rate, and where it is best: from the runs of the true sweep."""

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tests.bench.lr.rows import Trained

NEIGHBORS = 1  # runs on either side of the best one that the parabola goes through


class Truth:
    """Of one shape: mean losses of the seeds at each learning rate."""

    def __init__(self, rows: Sequence[Trained]) -> None:
        by_rate = defaultdict(list)
        for row in rows:
            by_rate[row.learning_rate].append(row.loss)
        self.octaves = np.log2(sorted(by_rate))
        self.losses = np.array([np.mean(by_rate[rate]) for rate in sorted(by_rate)])
        self.best, self.lowest = self._vertex()

    @property
    def best_rate(self) -> float:
        """The best learning rate."""
        return float(2**self.best)

    def _vertex(self) -> tuple[float, float]:
        """Of the parabola through the best run and its neighbors, at most half a step from it (in octaves, in nats)."""
        best = int(np.argmin(self.losses))
        a, b, _ = self._parabola(best)
        half = (self.octaves[1] - self.octaves[0]) / 2
        vertex = min(
            max(-b / (2 * a) if a > 0 else self.octaves[best], self.octaves[best] - half), self.octaves[best] + half
        )
        return float(vertex), min(float(self.losses[best]), self.loss(2**vertex))

    def loss(self, rate: float) -> float:
        """By the parabola through the nearest runs; beyond the grid that of its end."""
        octave = min(max(math.log2(rate), self.octaves[0]), self.octaves[-1])
        return float(np.polyval(self._parabola(int(np.argmin(abs(self.octaves - octave)))), octave))

    def regret(self, rate: float) -> float:
        """Loss beyond the lowest [nats/token]."""
        return max(0.0, self.loss(rate) - self.lowest)

    def _parabola(self, middle: int) -> np.ndarray:
        middle = min(max(middle, NEIGHBORS), len(self.losses) - 1 - NEIGHBORS)
        kept = slice(middle - NEIGHBORS, middle + NEIGHBORS + 1)
        return np.polyfit(self.octaves[kept], self.losses[kept], 2)
