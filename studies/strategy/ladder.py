"""Cheaper models than the best one, for the front: the epsilon-constraint method, on costs that are known beforehand.

A rung is a limit of one cost: a half of the best model's, a quarter, an eighth, and the cheapest shape of all (Haimes,
Lasdon & Wismer 1971, "On a bicriterion formulation of the problems of integrated system identification and system
optimization": one objective is minimized under limits of the others). On it stand the widest shapes at depths like the
best one's, at its hyperparameters. Short runs compare them; the best of each rung runs in full, unless another short
run costs no more and has a lower loss: off the front of the short runs, it is not likely on that of the full ones.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from search_spaces import Space
from studies.front import unbeaten
from studies.strategy import shapes
from studies.strategy.moves import Moves
from studies.strategy.past import Past, lowest, settled
from studies.strategy.proposal import Params, Proposal
from studies.strategy.shapes_first import SCHEDULE
from studies.strategy.stages import SHORT

HALVINGS = 3  # limits between the best model and the cheapest
SHAPES = 3  # at most, that are compared on a rung
FULL = ("default", "search", "front")  # roles whose full trials belong to the front

Values = tuple[float, ...]


class Ladder:
    """Proposes trials in one space. `price`: what a point costs, by objective."""

    def __init__(
        self, space: Space, limit_bytes: int, price: Callable[[Mapping[str, float]], Mapping[str, float]]
    ) -> None:
        self._moves = Moves(space, limit_bytes, shapes.frontier(space, limit_bytes))
        self._every, self._price = list(shapes.every(space, limit_bytes)), price
        self._prices: dict[tuple[tuple[str, float], ...], Values] = {}
        self._of: dict[int, list[list[Params]]] = {}  # rungs by the number of the trial that they begin below
        default = space.default(limit_bytes)
        costliest = max((self._moves.reshaped(default, shape) for shape in self._every), key=self.price)
        self.whole = self.left([Past(number=-1, role="search", params=costliest, loss=0.0)])  # at most

    def next(self, trials: Sequence[Past]) -> Proposal | None:
        """The next trial; None while full ones wait for short ones, or at the end."""
        rungs = self._rungs(trials)
        if short := self._new(self._compare(rungs), trials):
            return short[0]
        if any(trial.is_running and trial.length < 1 for trial in trials):
            return None
        return next(iter(self._new(self._run_best(rungs, trials), trials)), None)

    def left(self, trials: Sequence[Past]) -> list[Proposal]:
        """All that is still to run, at most; before the short runs have ended, one shape stands for its rung."""
        rungs = self._rungs(trials)
        short = self._new(self._compare(rungs), trials)
        full = [Proposal(role="front", params=rung[0]) for rung in rungs] if short else self._run_best(rungs, trials)
        return [*short, *self._new(full, trials)]

    def rival(self, params: Params, trials: Sequence[Past]) -> Past | None:
        """The best of the full trials that cost no more than a point in any objective: it has to beat that.

        Of its own schedule: others have learned more, or less, by the same step.
        """
        price, schedule = self.price(params), params.get(SCHEDULE)
        full = [t for t in trials if t.role in FULL and t.length == 1 and t.params.get(SCHEDULE) == schedule]
        return lowest([t for t in full if all(a <= b for a, b in zip(self.price(t.params), price, strict=True))])

    def price(self, params: Params) -> Values:
        """What params cost, one number for each objective beside the loss."""
        key = tuple(sorted(params.items()))
        if key not in self._prices:
            self._prices[key] = tuple(self._price(self.point(params)).values())
        return self._prices[key]

    def point(self, params: Params) -> Mapping[str, float]:
        """What params resolve to."""
        return self._moves.point(params)

    # stages

    def _compare(self, rungs: Sequence[Sequence[Params]]) -> Iterator[Proposal]:
        """A short run of each shape."""
        for rung in rungs:
            for params in rung:
                yield Proposal(role="front", params=params, length=SHORT)

    def _run_best(self, rungs: Sequence[Sequence[Params]], trials: Sequence[Past]) -> Iterator[Proposal]:
        """The best shape of each rung in full, the cheapest first: what costs more has to beat it."""
        short = [[run for params in rung if (run := self._find(trials, params, SHORT))] for rung in rungs]
        ended = [run for runs in short for run in runs if run.loss is not None]
        kept = [ended[i] for i in unbeaten([(run.loss or 0.0, *self.price(run.params)) for run in ended])]
        for runs in reversed(short):
            best = lowest([run for run in runs if run in kept])
            if best is not None:
                yield Proposal(role="front", params=best.params, continues=best.number)

    def _new(self, proposals: Iterable[Proposal], trials: Sequence[Past]) -> list[Proposal]:
        """Those that have not been run."""
        return [each for each in proposals if self._find(trials, each.params, each.length) is None]

    def _find(self, trials: Sequence[Past], params: Params, length: float) -> Past | None:
        """The trial of these params and this length."""
        return next((t for t in trials if t.length == length and self._moves.is_same(t.params, params)), None)

    # rungs

    def _rungs(self, trials: Sequence[Past]) -> list[list[Params]]:
        """The shapes of each rung; none without a best trial of the search, below which they lie."""
        best = lowest(settled(trials))
        if best is None:
            return []
        if best.number not in self._of:
            self._of[best.number] = self._made(best.params)
        return self._of[best.number]

    def _made(self, best: Params) -> list[list[Params]]:
        """The rungs below a point, objective by objective, the costliest first; each shape on one rung only."""
        every = [self._moves.reshaped(best, shape) for shape in self._every]
        depth = self.point(best)["depth"]
        rungs: list[list[Params]] = []
        for objective, cost in enumerate(self.price(best)):
            costs = [self.price(params)[objective] for params in every]
            for low, high in limits(cost, min(costs)):
                inside = [params for params, c in zip(every, costs, strict=True) if low < c <= high]
                taken = [params for rung in rungs for params in rung]
                rung = [params for params in self._widest(inside, depth) if params not in taken]
                rungs += [rung] if rung else []
        return rungs

    def _widest(self, inside: Sequence[Params], depth: float) -> list[Params]:
        """The widest of each depth, of depths like this one."""
        widest = {self.point(params)["depth"]: params for params in inside}  # widths come in ascending order
        return [widest[d] for d in sorted(widest, key=lambda d: (abs(math.log(d / depth)), d))][:SHAPES]


def limits(cost: float, cheapest: float) -> list[tuple[float, float]]:
    """The rungs below a cost, as what lies above the one and up to the other number; the last is the cheapest model.

    >>> limits(100.0, 20.0), limits(100.0, 60.0), limits(100.0, 100.0)
    ([(25.0, 50.0), (0.0, 20.0)], [(0.0, 60.0)], [])
    """
    halves = [cost / 2**i for i in range(1, HALVINGS + 1)]
    found = [(high / 2, high) for high in halves if high / 2 > cheapest]
    return [*found, (0.0, cheapest)] if cheapest < cost else []
