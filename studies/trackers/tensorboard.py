"""TensorBoard: a run per trial, with its hyperparameters and its curve."""

import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from advisor.files import slug
from studies.records import TrialRecord
from studies.trackers.readings import scalars


def track(folder: Path, study: str, trial: TrialRecord) -> None:
    """Write `folder`/study/trial-003; `tensorboard --logdir folder` shows it."""
    run = f"{slug(study)}/trial-{trial.number:03}"
    began = time.time() - trial.seconds
    writer = EventFileWriter(str(folder / run))
    writer.add_event(Event(wall_time=began, summary=hparams_pb({**trial.point, "role": trial.role}, trial_id=run)))
    for point in trial.curve:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars(point).items()]
        writer.add_event(Event(wall_time=began + point.seconds, step=point.step, summary=Summary(value=values)))
    writer.close()
