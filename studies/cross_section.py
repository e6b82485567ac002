"""Points all over a space: what its trials cost on average."""

import statistics

from search_spaces import Space
from studies.bench import Bench
from studies.quota import Quota

POINTS = 32
SEED = 0


class CrossSection:
    """The same random points of a space each time."""

    def __init__(self, bench: Bench, space: Space) -> None:
        self._jobs, self._forecast = bench.jobs, bench.forecast
        columns = space.columns(POINTS, SEED, bench.limit_bytes)
        self._points = [{name: column[i].item() for name, column in columns.items()} for i in range(POINTS)]
        bench.jobs.foresee(self._points)
        self.tokens_per_step = max(int(space.resolve(point)[1].tokens) for point in self._points)  # the most

    def mean_seconds(self, quota: Quota) -> float:
        """Predicted wall-clock of a full trial [s]."""
        return statistics.fmean(self._forecast.seconds(self._jobs.trial(point, quota, SEED)) for point in self._points)
