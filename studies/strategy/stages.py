"""The default strategy: shapes first, then their learning rates, then full trials, then small steps around the best.

A short run of a shape, with a complete schedule of its own, costs little and tells much: on character models of 170
thousand parameters, 12 % of the steps put shapes and learning rates in the order that they have in the end. So the
first full trial is near the best already, and all later ones are judged by its curve.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from search_spaces import Space
from search_spaces.knob import Fixed
from studies.records import RERUNS, SweepRecord
from studies.strategy import rates, shapes
from studies.strategy.compass import Compass
from studies.strategy.moves import MIN_SCALE, Moves
from studies.strategy.past import Past, lowest, settled
from studies.strategy.proposal import Params, Proposal

SHORT = 0.12  # of a full trial: what compares shapes
MEDIUM = 0.25  # what compares learning rates: the best one falls as training gets longer
TIE = 0.01  # of the loss: the second shape, if this near to the first in short runs, gets a full one too
NEAR = 0.05  # of the loss: shapes this near to the first get a full trial once whole steps from the best are done
SHAPE = ("d_model", "depth_fraction")
WITHSTOOD = 2  # trials since the best one, which it has beaten: then it is asked whether another seed says so too


def beginning(space: Space, limit_bytes: int, *, is_within_epoch: bool) -> dict[str, float]:
    """Where the search begins, but for its learning rate: the defaults, no dropout while nothing is seen twice."""
    params = dict(space.default(limit_bytes))
    if "dropout" in params and is_within_epoch:
        params["dropout"] = space.varying(limit_bytes)["dropout"].nearest(0.0)
    return params


class Stages:
    """Proposes trials in one space."""

    def __init__(
        self, space: Space, limit_bytes: int, sweep: SweepRecord | None, *, is_within_epoch: bool, untuned: bool = True
    ) -> None:
        """`is_within_epoch`: training sees no token twice. `untuned`: run the space's default config too."""
        self._space, self._limit_bytes, self._sweep = space, limit_bytes, sweep
        self._is_within_epoch, self._untuned = is_within_epoch, untuned
        self._is_rate_known = sweep is not None and sweep.agrees
        self._varying = space.varying(limit_bytes)
        self._frontier = shapes.frontier(space, limit_bytes)
        self._moves = Moves(space, limit_bytes, self._frontier)
        self._coarse, self._fine = Compass(self._moves, 1.0), Compass(self._moves, MIN_SCALE)

    def next(self, trials: Sequence[Past]) -> Proposal | None:
        """The next trial of the first stage that has one; `beside` while those after it have to wait for it."""
        for stage, awaited in (
            (self._compare_shapes, "shape"), (self._run_winners, ""), (self._run_untuned, ""),
            (self._fit_rate, "rate"), (self._repeat, ""), (self._step, ""), (self._run_near, ""),
            (self._refine, ""),
        ):  # fmt: skip
            if proposal := self._new(stage(trials), trials):
                return proposal
            if any(trial.is_running and trial.role == awaited for trial in trials):
                return self.beside(trials)
        return None

    def beside(self, trials: Sequence[Past]) -> Proposal | None:
        """What needs no other trial's loss and is not of the search: the default."""
        return self._new(self._run_untuned(trials), trials)

    def _new(self, proposals: Iterable[Proposal], trials: Sequence[Past]) -> Proposal | None:
        """The first that has not been run."""
        return next((proposal for proposal in proposals if not self._has(trials, proposal)), None)

    # stages: what each wants to have run, in its order

    def _compare_shapes(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """A short run of each shape; then of half the best one's width at its depth, while that is as good."""
        for shape in self._frontier:
            yield Proposal(role="shape", params=self._moves.reshaped(self._start(), shape), length=SHORT)
        narrower = self._narrower(trials)
        if narrower is not None:
            yield Proposal(role="shape", params=narrower, length=SHORT)

    def _run_winners(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """A full trial of the best shape, and of the next one if it was as good; of others while all have failed."""
        done = self._compared(trials)
        winners = [params for loss, _, params in done[:2] if loss <= (1 + TIE) * done[0][0]]
        has_one = any(t.role == "search" and (t.is_running or t.loss is not None) for t in trials)
        others = [] if has_one else [params for _, _, params in done[len(winners) :]]
        for params in [*winners, *others] or [self._start()]:
            yield self._full(trials, params)

    def _fit_rate(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """Runs of the best shape at other learning rates, until the best lies between two; then that one in full.

        Where the sweep has named a rate there is no need: that is nearer to a full trial's best than what these say.
        """
        knob, rated = self._space.knobs["learning_rate"], [trial for trial in trials if trial.role == "rate"]
        first = rated[0] if rated else self._best(trials)  # the shape stays while its rate is fitted
        if self._is_rate_known or isinstance(knob, Fixed) or first is None:
            return
        params = first.params
        losses = self._losses(rated)
        rate = rates.next_rate(losses) if losses else params["learning_rate"]
        if rate is not None and knob.nearest(rate) == rate:
            yield Proposal(
                role="rate", params={**params, "learning_rate": rate}, length=MEDIUM,
                continues=self._trunk(trials, {**params, "learning_rate": rate}),
            )  # fmt: skip
        elif math.isfinite(min(losses.values())):
            yield self._full(trials, {**params, "learning_rate": knob.nearest(rates.vertex(losses))})

    def _run_untuned(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """The space's default config, to be compared with."""
        if self._untuned:
            yield Proposal(role="default", params=self._space.default(self._limit_bytes))

    def _repeat(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """The best trial with another seed, when those after it have not been better.

        At a high learning rate a loss may be one seed's luck, and nothing beats luck: the search would stay there. A
        winner has to run again anyway.
        """
        best = self._best(trials)
        after = [t for t in trials if best and t.role == "search" and t.number > best.number and not t.is_running]
        if best is not None and len(after) >= WITHSTOOD:
            yield Proposal(role="repeat", params=best.params)

    def _step(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """A whole step away from the best trial so far."""
        if params := self._coarse.next(settled(trials)):
            yield self._full(trials, params)

    def _run_near(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """Shapes that were nearly as good in short runs, with what has been found for the best one."""
        done, best = self._compared(trials), self._best(trials)
        if best is None:
            return
        known = {self._shape(trial.params) for trial in trials if trial.role == "search"}
        for loss, _, params in done:
            if loss <= (1 + NEAR) * done[0][0] and self._shape(params) not in known:
                shape = {name: params[name] for name in SHAPE if name in params}
                yield self._full(trials, self._moves.reshaped(best.params, shape))

    def _refine(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        """A step away from the best trial so far, or a part of one."""
        if params := self._fine.next(settled(trials)):
            yield self._full(trials, params)

    # ingredients

    def _start(self) -> Params:
        """The space's defaults, at the learning rate of the sweep; no dropout while nothing is seen twice."""
        params = beginning(self._space, self._limit_bytes, is_within_epoch=self._is_within_epoch)
        if "learning_rate" in params and self._sweep is not None:
            width = self._moves.point(params)["d_model"]
            rate = self._moves.rate(self._sweep.start, self._sweep.point["d_model"], width)
            params["learning_rate"] = self._varying["learning_rate"].nearest(rate)
        return params

    def _narrower(self, trials: Sequence[Past]) -> Params | None:
        """Half the best shape's width, or half that of the narrowest as good at its depth; None while any runs."""
        done, point = self._compared(trials), self._moves.point
        if not done or any(trial.role == "shape" and trial.is_running for trial in trials):
            return None
        as_good = [params for loss, _, params in done if loss <= (1 + TIE) * done[0][0]]
        alike = [params for params in as_good if point(params)["depth"] == point(as_good[0])["depth"]]
        return self._moves.halved(min(alike, key=lambda params: point(params)["d_model"]))

    def _shape(self, params: Params) -> tuple[float, float]:
        point = self._moves.point(params)
        return point["depth"], point["d_model"]

    def _trunk(self, trials: Sequence[Past], params: Params) -> int | None:
        """The longest of the shorter runs of the same point: its schedule was a longer one's up to its decay."""
        point = self._moves.point(params)
        same = [t for t in trials if t.length < 1 and t.loss is not None and self._moves.point(t.params) == point]
        return max(same, key=lambda t: t.length).number if same else None

    # readings of the trials

    def _compared(self, trials: Sequence[Past]) -> list[tuple[float, int, Params]]:
        """Loss, number and params of the short runs of shapes, the best first."""
        return sorted((t.loss, t.number, t.params) for t in trials if t.role == "shape" and t.loss is not None)

    def _full(self, trials: Sequence[Past], params: Params) -> Proposal:
        return Proposal(role="search", params=params, continues=self._trunk(trials, params))

    def _best(self, trials: Sequence[Past]) -> Past | None:
        """The best full trial, if there is one."""
        return lowest(settled(trials))

    def _losses(self, trials: Sequence[Past]) -> dict[float, float]:
        """Loss by learning rate, infinite for trials that have failed; without those that run."""
        ended = [trial for trial in trials if not trial.is_running]
        return {t.params["learning_rate"]: math.inf if t.loss is None else t.loss for t in ended}

    def _has(self, trials: Sequence[Past], proposal: Proposal) -> bool:
        """Whether such a trial has been run, or is running."""
        return any(
            _purpose(t) == _purpose(proposal)
            and t.length == proposal.length
            and self._moves.is_same(t.params, proposal.params)
            for t in trials
        )


def _purpose(trial: Past | Proposal) -> str:
    """A point may run once for each: as the default, with other seeds, or to be found."""
    return "rerun" if trial.role in RERUNS else "default" if trial.role == "default" else ""
