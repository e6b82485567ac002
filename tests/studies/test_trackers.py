"""Trackers are told what the store has: read back through their own libraries."""

import dataclasses
import json
import logging
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.errors import InputError
from studies import trackers
from studies.events import Event, TrialEnded
from studies.records import TrialRecord
from studies.settings import Settings
from studies.store.database import parse_url
from tests.studies.test_store import curve

STUDY = "a study / of ü"
POINT = {"learning_rate": 1e-3 / 3, "dropout": 0.1, "depth": 2, "d_model": 48, "batch": 4}
TRIAL = TrialRecord(
    number=3, role="search", state="COMPLETE", reason="", message="", params={"d_model": 48}, point=POINT, value=0.5,
    parameters=12345, flops=1e12, memory_bytes=2**33, measured_memory_bytes=None, tokens=2**40, seconds=2.0,
    started=10.5, seed=7, curve=curve(20),
)  # fmt: skip
FAILED = dataclasses.replace(TRIAL, number=4, state="FAIL", reason="crash", message="SIGSEGV", value=None, curve=())
TRAINING = [(point.step, point.train_loss) for point in TRIAL.curve]
VALIDATION = [(point.step, point.validation_loss) for point in TRIAL.curve if point.validation_loss is not None]


def tell(folder: Path, tracker: str, *trials: TrialRecord) -> list[Event]:
    """As a study does; returns what the other listener has heard."""
    heard: list[Event] = []
    settings = Settings(name=STUDY, budget_seconds=60.0, store=str(folder / "advisor.db"), tracker=tracker)
    with trackers.telling(settings, parse_url(settings.store), heard.append) as listener:
        for trial in trials:
            listener(TrialEnded(trial=trial, best=None))
    return heard


def near(pairs: list[tuple[int, float]]) -> list[tuple[int, object]]:
    return [(step, pytest.approx(value, rel=1e-6)) for step, value in pairs]  # TensorBoard keeps float32


def test_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    assert [event.trial for event in tell(tmp_path, "tensorboard", TRIAL, FAILED)] == [TRIAL, FAILED]  # type: ignore[union-attr]
    runs = sorted((tmp_path / "tensorboard").glob("*/*"))
    assert [run.name for run in runs] == ["trial-003", "trial-004"]
    told = EventAccumulator(str(runs[0])).Reload()
    assert [(event.step, event.value) for event in told.Scalars("train_loss")] == near(TRAINING)
    assert [(event.step, event.value) for event in told.Scalars("validation_loss")] == near(VALIDATION)
    content = told.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    hparams = metadata.parse_session_start_info_plugin_data(content).hparams
    assert {name: hparams[name].number_value for name in POINT} == POINT


@pytest.mark.filterwarnings("ignore")  # of MLflow about SQLAlchemy 2.1
def test_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tell(tmp_path, "mlflow", TRIAL, FAILED)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(STUDY)
    failed, complete = client.search_runs([experiment.experiment_id])
    assert (failed.info.status, failed.data.tags["message"]) == ("FAILED", "SIGSEGV")
    assert (complete.info.status, complete.info.run_name) == ("FINISHED", "trial 3")
    assert {name: float(text) for name, text in complete.data.params.items()} == POINT
    told = client.get_metric_history(complete.info.run_id, "validation_loss")
    assert [(metric.step, metric.value) for metric in told] == VALIDATION


def test_wandb_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.delenv("WANDB_MODE", raising=False)
    tell(tmp_path, "wandb", TRIAL)
    wandb.teardown()  # as at the end of a process: waits for its writer
    (path,) = tmp_path.glob("wandb/wandb/offline-run-*/*.wandb")
    losses, config = [], {}
    for data in leveldb_log(path.read_bytes()):
        record = Record.FromString(data)
        row = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
        losses += [(row["_step"], row["validation_loss"])] if "validation_loss" in row else []
        config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    assert losses == VALIDATION
    assert {name: config[name] for name in POINT} == POINT


def leveldb_log(content: bytes, block: int = 2**15, header: int = 7) -> Iterator[bytes]:
    """The records of an offline run: a header of W&B's, then LevelDB's log format (its doc/log_format.md)."""
    position, record = header, b""
    while position + header <= len(content):
        if block - position % block < header:  # the rest of a block is too short for a record
            position += block - position % block
            continue
        length, kind = struct.unpack("<HB", content[position + 4 : position + header])
        record += content[position + header : position + header + length]
        position += header + length
        if kind in (1, 4):  # whole, or the last of several parts
            yield record
            record = b""


def test_a_tracker_that_fails_is_said_and_the_study_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "tensorboard").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert len(tell(tmp_path, "tensorboard", TRIAL)) == 1
    assert "a trial could not be tracked" in caplog.text


def test_an_unknown_tracker_is_refused() -> None:
    with pytest.raises(InputError, match="one of tensorboard, mlflow, wandb, got 'tensorbord'; nearest: tensorboard"):
        trackers.check("tensorbord")
