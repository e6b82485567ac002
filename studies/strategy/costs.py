"""What the trials of shapes first will take: all that a study plans, and what one under way has still before it."""

import statistics
from collections.abc import Mapping, Sequence

from search_spaces import Space
from search_spaces.knob import Fixed
from studies.bench import Bench
from studies.quota import Quota
from studies.records import SweepRecord
from studies.strategy import shapes
from studies.strategy.parts import FINALS, Part
from studies.strategy.past import Past, lowest
from studies.strategy.stages import MEDIUM, SHORT, beginning

HALVINGS = 1  # of the best shape's width that are tried, at least
RATES = 3  # runs that fit a learning rate, at least: one, and its neighbours on both sides

# Of a full trial's time that a trial of the search lasts on average, after the first, which nothing stops: the mean of
# 35 in five studies of three spaces was 0.74.
STEP_SHARE = 0.75


class Costs:
    """In one space, after a sweep."""

    def __init__(self, bench: Bench, space: Space, sweep: SweepRecord | None) -> None:
        self._bench, self._space = bench, space
        limit = bench.limit_bytes
        self._default = space.point(space.default(limit), limit)
        self._shapes = {within: self._compared(within) for within in (True, False)}
        is_rate_known = sweep is not None and sweep.agrees
        self._halvings = 0 if isinstance(space.knobs["d_model"], Fixed) else HALVINGS
        self._rates = 0 if is_rate_known or isinstance(space.knobs["learning_rate"], Fixed) else RATES

    def plan(self, quota: Quota, trials: int) -> Sequence[Part]:
        """All of a study with so many trials of the search."""
        return self.left((), quota, trials, STEP_SHARE, FINALS)

    def left(self, past: Sequence[Past], quota: Quota, trials: int, share: float, finals: int) -> Sequence[Part]:
        """What has still to begin, so many trials of the search and finals among it.

        `share`: of its time that a step lasts.
        """
        best = self._best(past)
        if best is None:
            return self._parts(past, quota, trials, share, finals, statistics.fmean(self._of_shapes(quota, 1.0)))
        point = self._space.point(best.params, self._bench.limit_bytes)
        return self._parts(past, quota, trials, share, finals, self._seconds(point, quota))

    def _parts(
        self, past: Sequence[Past], quota: Quota, trials: int, share: float, finals: int, full: float
    ) -> Sequence[Part]:
        """`full`: seconds of a full trial."""
        roles = [trial.role for trial in past]
        first = min(trials, 0 if "search" in roles else 1)
        steps = trials - first
        rates = self._rates - roles.count("rate") if steps else 0
        shapes, compared = self._of_shapes(quota, SHORT), roles.count("shape")
        halvings = self._halvings - max(0, compared - len(shapes)) if "search" not in roles else 0
        return (
            Part.of(shapes[compared:]),
            *[Part.alike(1, SHORT * full)] * halvings,  # one after the other
            Part.alike(first, full) + Part.of([] if "default" in roles else [self._seconds(self._default, quota)]),
            *[Part.alike(1, MEDIUM * full)] * rates,  # one after the other
            Part.alike(steps, share * full),
            Part.alike(finals, full),
        )

    def _best(self, past: Sequence[Past]) -> Past | None:
        """The trial whose shape the rest will have, about; None while nobody knows."""
        begun = [trial for trial in past if trial.role == "search"]
        compared = [trial for trial in past if trial.role == "shape" and not trial.is_running]
        are_all = len(compared) >= len(self._shapes[True])
        return lowest(begun) or next(iter(begun), None) or (lowest(compared) if are_all else None)

    def _of_shapes(self, quota: Quota, length: float) -> list[float]:
        within = quota.tokens <= self._bench.jobs.train_tokens
        return [self._seconds(shape, quota, length) for shape in self._shapes[within]]

    def _compared(self, is_within_epoch: bool) -> list[dict[str, float]]:
        """The shapes, as the search begins with them."""
        limit = self._bench.limit_bytes
        params = beginning(self._space, limit, is_within_epoch=is_within_epoch)
        return [self._space.point({**params, **shape}, limit) for shape in shapes.frontier(self._space, limit)]

    def _seconds(self, point: Mapping[str, float], quota: Quota, length: float = 1.0) -> float:
        job = self._bench.jobs.trial(point, quota, self._bench.settings.seed, length)
        return self._bench.forecast.seconds(job)
