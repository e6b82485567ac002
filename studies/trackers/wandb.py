"""Weights & Biases: a run per trial, grouped by study.

Offline, unless WANDB_MODE says otherwise: `wandb sync` sends it.
"""

import os
from pathlib import Path

import wandb

from studies.records import TrialRecord
from studies.trackers.readings import facts, scalars

PROJECT = "transformer-advisor"  # unless WANDB_PROJECT names one


def track(folder: Path, study: str, trial: TrialRecord) -> None:
    """Write the run, ended."""
    folder.mkdir(parents=True, exist_ok=True)
    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        mode=os.environ.get("WANDB_MODE", "offline"),  # type: ignore[arg-type]  # which it checks
        dir=folder,
        group=study,
        name=f"trial {trial.number}",
        config={**trial.point, **facts(trial)},
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
    )
    for point in trial.curve:
        run.log(scalars(point), step=point.step)
    run.summary["value"] = trial.value
    run.finish(exit_code=int(trial.state == "FAIL"))
