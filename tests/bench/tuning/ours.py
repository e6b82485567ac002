"""The advisor's strategy on a course, and without one ingredient each."""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studies import promotion
from studies.job import Outcome, TrialJob
from studies.jobs import evaluation_of
from studies.records import CurvePoint, SweepRecord
from studies.strategy.past import Past, lowest, settled
from studies.strategy.proposal import Params, Proposal
from studies.strategy.pruning import is_behind
from studies.strategy.stages import Stages
from studies.trial import lr_finder
from studies.trial.trainer import Trainer
from tests.bench.tuning.course import Course


class Ours:
    """Runs the strategy's proposals, one after the other."""

    def __init__(self, course: Course, folder: Path, variant: "Variant") -> None:
        self.course, self._folder, self._variant = course, folder, variant
        limit = course.task.limit_bytes
        space = course.jobs.space
        self._strategy = variant.stages(
            space, limit, self._sweep() if variant.sweep else None,
            is_within_epoch=course.task.tokens <= course.jobs.train_tokens, untuned=False,
        )  # fmt: skip
        self._limit = limit
        self.trials: list[Past] = []

    def run(self) -> None:
        """Until the budget is spent or nothing is left to try."""
        while not self.course.is_over:
            proposal = self._strategy.next(self.trials)
            if proposal is None:
                return
            self.trials.append(self._trial(proposal))
            if best := lowest(settled(self.trials)):
                self.course.answer = self.course.jobs.space.point(best.params, self._limit)

    def _sweep(self) -> SweepRecord | None:
        space = self.course.jobs.space
        middle = {**space.middle(self.course.task.limit_bytes), "learning_rate": 1e-3}
        point = space.point(middle, self.course.task.limit_bytes)
        job = self.course.jobs.sweep(point, self.course.seed)
        sweep = lr_finder.run(Trainer(job), job, stopped=lambda: False).sweep
        return sweep and dataclasses.replace(sweep, point=point)

    def _trial(self, proposal: Proposal) -> Past:
        number, point = len(self.trials), self.course.jobs.space.point(proposal.params, self._limit)
        rerun = 1 if proposal.role == "repeat" else 0
        job = self._checkpoints(number, proposal, self.course.job(point, proposal.length, rerun), point)
        best = lowest(settled(self.trials))
        curve = Curve(job, best.losses if best and self._variant.pruning and proposal.role == "search" else {})
        outcome = self._train(job, proposal, point, curve)
        return Past(
            number=number, role=proposal.role, params=proposal.params, length=proposal.length, losses=curve.losses,
            loss=outcome.value if outcome.state == "COMPLETE" else None,
        )  # fmt: skip

    def _train(self, job: TrialJob, proposal: Proposal, point: dict[str, float], curve: "Curve") -> Outcome:
        if proposal.length == 1.0 or self._variant.matched:
            return self.course.run(job, point, curve.add, lambda: curve.is_behind)
        # the ablation: the first steps of a full trial's schedule, which is still far from its decay
        whole = dataclasses.replace(self.course.job(point), eval_every=job.steps)
        outcome = self.course.run(whole, point, curve.add, lambda: bool(curve.losses))
        return dataclasses.replace(outcome, state="COMPLETE", value=curve.losses.get(1))

    def _checkpoints(self, number: int, proposal: Proposal, job: TrialJob, point: dict[str, float]) -> TrialJob:
        if proposal.length < 1 and self._variant.matched:
            job = promotion.leaving(job, self._path(number))
        if proposal.continues is not None:
            shorter = self.course.job(point, self.trials[proposal.continues].length)
            job = promotion.continuing(job, shorter, self._path(proposal.continues))
        return job

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.safetensors"


class Curve:
    """The evaluations of a running trial, and whether it has fallen behind its rival's."""

    def __init__(self, job: TrialJob, rival: Mapping[int, float]) -> None:
        self._job, self._rival = job, rival
        self.losses: dict[int, float] = {}
        self.is_behind = False

    def add(self, point: CurvePoint) -> None:
        if point.validation_loss is not None:
            evaluation = evaluation_of(point, self._job)
            self.losses[evaluation] = point.validation_loss
            self.is_behind = is_behind(evaluation, point.validation_loss, self._rival)


class NoShapes(Stages):
    def _compare_shapes(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        return iter(())


class OneRate(Stages):
    def _compare_shapes(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        rate = self._start()["learning_rate"]
        for proposal in super()._compare_shapes(trials):
            yield dataclasses.replace(proposal, params={**proposal.params, "learning_rate": rate})


class NoPriors(Stages):
    def _start(self) -> Params:
        default = self._space.default(self._limit_bytes)
        return {**super()._start(), **{n: v for n, v in default.items() if n in ("dropout", "weight_decay")}}


class NoNear(Stages):
    def _run_near(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        return iter(())


class NoRepeats(Stages):
    def _repeat(self, trials: Sequence[Past]) -> Iterator[Proposal]:
        return iter(())


class NoPromotion(Stages):
    def _trunk(self, trials: Sequence[Past], params: Params) -> int | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The strategy with or without its ingredients; `matched`: short runs have complete schedules of their own."""

    stages: type[Stages] = Stages
    sweep: bool = True
    matched: bool = True
    pruning: bool = True


VARIANTS = {
    "advisor": Variant(),
    "without the sweep": Variant(sweep=False),
    "without shapes first": Variant(stages=NoShapes),
    "without LR x width": Variant(stages=OneRate),
    "without matched schedules": Variant(matched=False),
    "without priors": Variant(stages=NoPriors),
    "without pruning": Variant(pruning=False),
    "without shapes nearly as good": Variant(stages=NoNear),
    "without re-runs": Variant(stages=NoRepeats),
    "without promotion": Variant(stages=NoPromotion),
}


def run(course: Course, name: str) -> None:
    """The strategy, or a variant of it."""
    with tempfile.TemporaryDirectory() as folder:
        Ours(course, Path(folder), VARIANTS[name]).run()
