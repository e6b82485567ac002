"""One tuner's run on one task: its trials, its clock, what it had reached when."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from studies.job import Outcome, TrialJob
from studies.quota import Quota
from studies.records import CurvePoint
from studies.trial import loop
from studies.trial.trainer import Trainer
from tests.bench.tuning.tasks import Task

WHOLE = 10**6  # validation batches: more than there are
FRESH_SEEDS = (1001, 1002)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A full trial that has ended: when, how well, with which point."""

    seconds: float
    loss: float
    point: dict[str, float]


@dataclass
class Course:
    """Seconds are of this process' CPU time, from construction on: on a core of its own, those of the wall.

    Trials end where the budget does.
    """

    task: Task
    seed: int
    budget: float
    target: float = -1.0  # a loss that ends the run
    answer: Mapping[str, float] | None = None  # the best point, where that is not the one of the lowest loss
    steps: list[Step] = field(default_factory=list)
    trials: int = 0

    def __post_init__(self) -> None:
        self.jobs = self.task.jobs()
        self.began = time.process_time()

    @property
    def seconds(self) -> float:
        return time.process_time() - self.began

    @property
    def is_over(self) -> bool:
        """Whether the budget is spent or the target reached."""
        return self.seconds >= self.budget or any(step.loss <= self.target for step in self.steps)

    def job(self, point: Mapping[str, float], length: float = 1.0, rerun: int = 0) -> TrialJob:
        """A trial of a point: the same batches for all points of a run, others for its first, second, ... re-run."""
        return self.jobs.trial(point, Quota(tokens=self.task.tokens), self.seed + rerun, length)

    def run(
        self, job: TrialJob, point: Mapping[str, float], report: Callable[[CurvePoint], None],
        stopped: Callable[[], bool],
    ) -> Outcome:  # fmt: skip
        """Train in this process; a full trial that ends in time counts, unless it is a re-run."""
        self.trials += 1
        outcome = loop.train(Trainer(job), job, report=report, stopped=lambda: self.is_over or stopped())
        is_full = job.steps == self.task.steps and job.seed == self.seed
        if outcome.state == "COMPLETE" and outcome.value is not None and is_full:
            self.steps.append(Step(seconds=self.seconds, loss=outcome.value, point=dict(point)))
        return outcome

    def result(self) -> dict[str, Any]:
        """The run as plain values, the best point's loss measured anew included."""
        named = [step for step in self.steps if step.point == self.answer]
        best = min(named or self.steps, key=lambda step: step.loss, default=None)
        return {
            "budget": self.budget,
            "trials": self.trials,
            "steps": [dataclasses.asdict(step) for step in self.steps],
            "best": best and dataclasses.asdict(best),
            "fresh": [whole_loss(self.task, best.point, seed) for seed in FRESH_SEEDS] if best else [],
        }


def whole_loss(task: Task, point: Mapping[str, float], seed: int) -> float:
    """Loss of the point, trained with this seed, over the whole validation part [nats/token]."""
    job = task.jobs().trial(point, Quota(tokens=task.tokens), seed)
    trainer = Trainer(dataclasses.replace(job, eval_every=job.steps))
    loop.train(trainer, job, report=lambda point: None, stopped=lambda: False)
    overlap = task.sequence if task.family == "decoder" else 1  # windows begin at every token
    batches = trainer.batches.examples(False) // (trainer.batches.batch * overlap)
    return trainer.evaluate(batches)


def start() -> None:
    """What every run does before its clock starts: one thread, torch's optimizers imported."""
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
