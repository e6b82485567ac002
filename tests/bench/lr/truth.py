"""What a full trial's loss is at any learning rate, and where it is best: from the runs of the true sweep."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tests.bench.lr.rows import Trained

CLIFF = 0.1  # nats/token from the best run to the next one above: no parabola


Average = Callable[[Sequence[float]], "np.floating[Any]"]


class Truth:
    """Of one shape: the average loss over the seeds at each learning rate, the best where all of them have runs.

    At the ends of the grid, of fewer seeds: there rates differ by far more than seeds do.
    """

    def __init__(self, rows: Sequence[Trained], average: Average = np.mean) -> None:
        self.rows = rows
        by_rate = defaultdict(list)
        for row in rows:
            by_rate[row.learning_rate].append(row.loss)
        rates = sorted(by_rate)
        self.octaves = np.log2(rates)
        self.losses = np.array([average(by_rate[rate]) for rate in rates])
        counts = np.array([len(by_rate[rate]) for rate in rates])
        self.best, self.lowest = self._bottom(np.flatnonzero(counts == counts.max()))

    @property
    def best_rate(self) -> float:
        """The best learning rate."""
        return float(2**self.best)

    @property
    def seeds(self) -> list[int]:
        """Those that have runs on both sides of the best rate."""
        count = {seed: len(self._of(seed)) for seed in {row.seed for row in self.rows}}
        return sorted(seed for seed, runs in count.items() if runs > 2)

    def of_seeds(self) -> "Iterator[Truth]":
        """What one seed's runs alone say, if there are several."""
        if len(self.seeds) > 1:
            yield from (Truth(self._of(seed)) for seed in self.seeds)

    def loss(self, rate: float) -> float:
        """By the parabola through the three nearest runs; beyond the grid that of its end."""
        octave = min(max(math.log2(rate), self.octaves[0]), self.octaves[-1])
        return float(np.polyval(self._parabola(int(np.argmin(abs(self.octaves - octave)))), octave))

    def regret(self, rate: float) -> float:
        """Loss beyond the lowest [nats/token]."""
        return max(0.0, self.loss(rate) - self.lowest)

    def _of(self, seed: int) -> list[Trained]:
        return [row for row in self.rows if row.seed == seed]

    def _bottom(self, known: np.ndarray) -> tuple[float, float]:
        """Of the parabola through the best run and its neighbours, or that run before a cliff (in octaves, in nats)."""
        best = int(known[np.argmin(self.losses[known])])
        run = float(self.octaves[best]), float(self.losses[best])
        if best in (0, len(self.losses) - 1) or self.losses[best + 1] > run[1] + CLIFF:
            return run
        a, b, _ = parabola = self._parabola(best)
        return float(-b / (2 * a)), float(np.polyval(parabola, -b / (2 * a)))

    def _parabola(self, middle: int) -> np.ndarray:
        middle = min(max(middle, 1), len(self.losses) - 2)
        kept = slice(middle - 1, middle + 2)
        return np.polyfit(self.octaves[kept], self.losses[kept], 2)
