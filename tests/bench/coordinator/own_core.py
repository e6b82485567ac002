"""The same studies in CPU seconds of this process: what a core of its own would show, on a machine that is busy."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

import search_spaces
from studies.job import TrialJob
from studies.records import CurvePoint, SweepRecord
from studies.strategy.shapes_first import ShapesFirst
from studies.strategy.strategy import Candidate
from studies.trial import loop
from studies.trial.lr_finder import run as find
from studies.trial.trainer import Trainer
from tests.bench.coordinator.endings import SHARES, Ending
from tests.bench.coordinator.idle_time import SPACE
from tests.studies.examples import GIB
from tests.studies.strategy.virtual import Run, Study

STUDIES = (  # budget [s], space, trials of the search at most, trials at a time
    (40.0, SPACE, None, 1),
    (40.0, SPACE, None, 2),
    (60.0, SPACE, 8, 1),
    (60.0, SPACE, 8, 2),
    (60.0, SPACE, 1, 1),
    (120.0, "decoder-small", None, 1),
    (120.0, "decoder-small", 8, 1),
    (120.0, "decoder-small", 8, 2),
)


class Trained(Study):
    """Trials train for real, one after the other; those that would run side by side overlap on the study's clock."""

    def _probed(self, job: TrialJob) -> list[CurvePoint]:
        points, report = _timed()
        loop.train(Trainer(job), job, report=report, stopped=lambda: False)
        self.clock.now += points[-1].seconds
        return points

    def _swept(self, middle: Mapping[str, float]) -> SweepRecord | None:
        began, point = time.process_time(), self.space.point(middle, GIB)
        job = self.bench.jobs.sweep(point, 0)
        sweep = find(Trainer(job), job, stopped=lambda: False).sweep
        self.clock.now += time.process_time() - began
        self.began = self.clock.now
        return sweep and dataclasses.replace(sweep, point=point)

    def _begin(self, strategy: ShapesFirst, candidate: Candidate) -> Run:
        judge = strategy.judge(candidate)
        points, report = _timed(judge.see)

        def is_over() -> bool:
            return judge.should_stop() or bool(points and self._is_out_of_time(candidate, points[-1].seconds))

        outcome = loop.train(Trainer(candidate.job), candidate.job, report=report, stopped=is_over)
        return Run(candidate=candidate, began=self.clock.now, curve=points, outcome=outcome)


def _timed(see: Callable[[CurvePoint], None] = lambda point: None) -> tuple[list[CurvePoint], Callable[..., None]]:
    """A curve to be filled, and what fills it: seconds are of the processor, from now on."""
    began, points = time.process_time(), list[CurvePoint]()

    def report(point: CurvePoint) -> None:
        points.append(dataclasses.replace(point, seconds=time.process_time() - began))
        see(points[-1])

    return points, report


def ending(budget: float, space: str, trials: int | None, at_once: int) -> Ending:
    """Runs one study."""
    with tempfile.TemporaryDirectory() as folder:
        study = Trained(search_spaces.load(space), lambda point: 0.0, Path(folder), budget, trials, at_once)
        study.run()
    later = [(when, end) for when, end in study.predictions if when > study.began + 1.0]
    first = [end for when, end in study.predictions if when <= study.began + 1.0][-1]
    return Ending(
        budget=budget, space=Path(space).stem, max_trials=trials, at_once=at_once, real=study.clock.now,
        predictions=[(study.began + 1.0, first), *later],
    )  # fmt: skip


def main() -> None:
    """Prints a row per study."""
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])  # imports what the first trial would
    for asked in STUDIES:
        end = ending(*asked)
        errors = " | ".join(f"{end.error(share):+.1%}" for share in (0.0, *SHARES))
        trials = end.max_trials or "any"
        print(f"| {end.space} | {end.budget:.0f} | {trials} | {end.at_once} | {end.real:.1f} | {errors} |", flush=True)


if __name__ == "__main__":
    main()
