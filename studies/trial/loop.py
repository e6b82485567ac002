"""The training loop of a trial: steps, evaluations, curve points, and the ends it can come to."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from advisor.errors import StoreError
from studies.job import Checkpoint, Outcome, TrialJob
from studies.records import CurvePoint
from studies.trial import checkpoint, divergence, schedule
from studies.trial.progress import Progress
from studies.trial.state import TrainingState, capture, restore
from studies.trial.trainer import Trainer

POINTS = 100  # curve points per trial, about; each one makes a GPU finish its queue


def train(
    trainer: Trainer, job: TrialJob, *, report: Callable[[CurvePoint], None], stopped: Callable[[], bool],
    restarted: Callable[[str], None] = lambda why: None,
) -> Outcome:  # fmt: skip
    """Train from the job's checkpoint, or from the start, to `job.steps`; `stopped` is asked before each step.

    `restarted` is told why a checkpoint cannot be read: the trial then takes its steps anew, and ends the same.

    COMPLETE with the last validation loss, or with the best where the recipe has a patience, which may end the run
    early; PRUNED as rung (stopped), nan or diverged, with the last one seen. A point whose loss is no number or
    diverged is not reported: the outcome's message says it.

    Where the job names a folder for checkpoints, last.safetensors is the state at the end of a run that did not fail,
    and best.safetensors that after the best evaluation. Raises StoreError when they cannot be written.
    """
    value, best = None, None
    _go_on(trainer, job.starts_from, restarted)
    meter = Meter(trainer, job)
    while trainer.steps_done < job.steps and not trainer.progress.is_over:
        if stopped():
            _keep(trainer, job, best)
            return Outcome(state="PRUNED", reason="rung", message=f"stopped at step {trainer.steps_done}", value=value)
        meter.step()
        if job.leaves is not None and job.leaves.step == trainer.steps_done:
            checkpoint.save(capture(trainer), job.leaves.path)
        if not is_point(trainer.steps_done, job):
            continue
        point = meter.point()
        if failure := _failure(point, trainer.vocabulary, value):
            return failure
        report(point)
        if point.validation_loss is not None:
            value = point.validation_loss
            if trainer.progress.see(value, point.step) and job.checkpoints is not None:
                best = capture(trainer)
    _keep(trainer, job, best)
    return _complete(trainer.progress, job, value)


def _complete(progress: Progress, job: TrialJob, value: float | None) -> Outcome:
    if not job.recipe.patience:
        return Outcome(state="COMPLETE", value=value)
    return Outcome(state="COMPLETE", value=progress.best, message=progress.explain() if progress.is_over else "")


def _keep(trainer: Trainer, job: TrialJob, best: TrainingState | None) -> None:
    """Once, at the end: a run that dies begins anew."""
    if job.checkpoints is None:
        return
    checkpoint.save(capture(trainer), Path(job.checkpoints) / "last.safetensors")
    if best is not None:
        checkpoint.save(best, Path(job.checkpoints) / "best.safetensors")


def _go_on(trainer: Trainer, start: Checkpoint | None, restarted: Callable[[str], None]) -> None:
    """Take over where another trial was. A file that is gone or damaged costs its steps again, and changes nothing."""
    if start is None:
        return
    try:
        restore(trainer, checkpoint.load(start.path))
    except StoreError as error:
        restarted(str(error))


def is_point(step: int, job: TrialJob) -> bool:
    """Whether the curve has a point after `step` steps: regularly, at each evaluation, at the end."""
    return step % max(1, job.steps // POINTS) == 0 or is_evaluation(step, job)


def is_evaluation(step: int, job: TrialJob) -> bool:
    """Whether the validation loss is measured after `step` steps: every `eval_every` and at the end."""
    return step % job.eval_every == 0 or step == job.steps


class Meter:
    """Takes a trial's steps and sums up what its curve shows; the sum stays on the device until a point is read."""

    def __init__(self, trainer: Trainer, job: TrialJob) -> None:
        self.trainer, self.job = trainer, job
        self._began = time.perf_counter()
        self._loss_sum = torch.zeros((), device=trainer.device)
        self._steps = 0  # since the last point
        self._learning_rate = 0.0

    def step(self) -> None:
        """One training step at the learning rate of the schedule."""
        scheduled = schedule.learning_rate(self.job.recipe, self.trainer.steps_done, self.job.steps)
        self._learning_rate = scheduled * self.trainer.progress.rate
        self._loss_sum += self.trainer.step(self._learning_rate)
        self._steps += 1

    def point(self) -> CurvePoint:
        """The curve point after the last step; evaluates where one is due. `seconds` include evaluations."""
        step, plan = self.trainer.steps_done, self.job.plan
        train_loss = self._loss_sum.item() / self._steps
        validation_loss = self.trainer.evaluate(self.job.eval_batches) if is_evaluation(step, self.job) else None
        self._loss_sum.zero_()
        self._steps = 0
        return CurvePoint(
            step=step,
            tokens=step * int(plan.tokens),
            flops=step * self.job.flops_per_step,
            seconds=time.perf_counter() - self._began,
            train_loss=train_loss,
            validation_loss=validation_loss,
            learning_rate=self._learning_rate,
        )


def _failure(point: CurvePoint, vocab: float, value: float | None) -> Outcome | None:
    """The end that a point's losses call for, if any."""
    for loss in (point.train_loss, point.validation_loss):
        if loss is not None and (reason := divergence.diagnose(loss, vocab)):
            message = divergence.explain(loss, vocab, point.step)
            return Outcome(state="PRUNED", reason=reason, message=message, value=value)
    return None
