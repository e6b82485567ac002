"""MLflow: an experiment per study, a run per trial. MLFLOW_TRACKING_URI names a server; without it, one SQLite file."""

import os
import time
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from studies.records import TrialRecord
from studies.trackers.readings import facts, scalars

STATUS = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}


def track(folder: Path, study: str, trial: TrialRecord) -> None:
    """Write the run, ended; `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db` shows it."""
    folder.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder / 'mlflow.db'}")
    began = time.time() - trial.seconds
    metrics = [
        Metric(name, value, int(1000 * (began + point.seconds)), point.step)
        for point in trial.curve
        for name, value in scalars(point).items()
    ]
    run = client.create_run(_experiment(client, study, folder)).info.run_id
    tags = [RunTag(MLFLOW_RUN_NAME, f"trial {trial.number}")]
    tags += [RunTag(name, str(value)) for name, value in facts(trial).items()]
    params = [Param(name, str(value)) for name, value in trial.point.items()]
    client.log_batch(run, metrics=metrics, params=params, tags=tags)
    client.set_terminated(run, STATUS[trial.state])


def _experiment(client: MlflowClient, name: str, folder: Path) -> str:
    found = client.get_experiment_by_name(name)
    artifacts = (folder / "artifacts").absolute().as_uri()
    return str(found.experiment_id if found else client.create_experiment(name, artifacts))
