"""Where a trial leaves its state, and where a longer one of the same point goes on from there. No torch here."""

import dataclasses
from pathlib import Path

from studies.job import Checkpoint, TrialJob
from studies.trial import schedule


def leaving(job: TrialJob, path: Path) -> TrialJob:
    """The job, leaving its state at `path` where its schedule begins to depend on its length, if it does."""
    step = schedule.trunk_steps(job.recipe, job.steps)
    return dataclasses.replace(job, leaves=Checkpoint(path=str(path), step=step)) if step else job


def continuing(job: TrialJob, shorter: TrialJob, path: Path) -> TrialJob:
    """The job, going on from what `shorter`, of the same point and seed, has left at `path` if their steps agree."""
    step = schedule.trunk_steps(shorter.recipe, shorter.steps)
    is_same = schedule.warmup_steps(job.recipe, job.steps) == schedule.warmup_steps(shorter.recipe, shorter.steps)
    return dataclasses.replace(job, starts_from=Checkpoint(path=str(path), step=step)) if step and is_same else job
