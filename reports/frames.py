"""Records -> tidy pandas frames: one row per trial, per report of a trial, per candidate. An absent part is empty."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from studies.front import front
from studies.objectives import OBJECTIVES
from studies.records import RERUNS, CurvePoint, StudyRecord, SweepRecord, TrialRecord

POINT = ("learning_rate", "dropout", "depth", "d_model", "heads", "hidden", "batch", "weight_decay", "schedule")
TRIAL = tuple(f.name for f in fields(TrialRecord) if f.name not in ("params", "point", "costs", "curve"))
COSTS = tuple(f"costs.{name}" for name in OBJECTIVES)
TRIALS = (*TRIAL, *POINT, *COSTS, "group", "on_front")
CURVE = tuple(f.name for f in fields(CurvePoint))
CANDIDATE = ("name", "d_model", "depth", "heads", "parameters", "memory_bytes", "limited_by", "fits")
PROPOSAL = (
    "name", "d_model", "depth", "heads", "hidden", "vocab", "context", "batch", "checkpointing", "parameters",
    "memory_bytes", "limited_by", "step_seconds", "hours", "predicted_loss", "reason",
)  # fmt: skip
TIMELINE = ("phase", "op", "bytes")
FRONT = ("name", "hours", "memory_bytes", "predicted_loss")


@dataclass(frozen=True, kw_only=True)
class Target:
    """The GPU that was asked about, and the config that was chosen for it; empty where nobody asked."""

    gpu: str = ""
    memory_bytes: int = 0
    rule: str = ""  # how the proposals were ranked
    chosen: str = ""


@dataclass(frozen=True, kw_only=True)
class Frames:
    """A study as tables.

    `trials.group` puts each trial into one of best, rerun, default, complete, short, pruned, failed,
    running; `short` ran to the end of a schedule that was made for a part of a full trial's tokens. `on_front`: of the
    study's objectives; `costs.*` has those beside the loss that it has.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    candidates: pd.DataFrame
    proposals: pd.DataFrame
    timeline: pd.DataFrame
    front: pd.DataFrame
    sweeps: tuple[SweepRecord, ...]
    importances: dict[str, float]
    target: Target


def frames(record: StudyRecord) -> Frames:
    """The tables that the figures of this study are computed from."""
    return dataclasses.replace(
        frames_of(record.target),
        trials=_frame(_trial_rows(record), TRIALS),
        curves=_frame(_curve_rows(record), ("number", "group", *CURVE)),
        sweeps=record.sweeps,
        importances=record.importances,
    )


def frames_of(target: Mapping[str, Any]) -> Frames:
    """The tables of what was sized for a GPU, without a study."""
    return Frames(
        trials=_frame((), TRIALS),
        curves=_frame((), ("number", "group", *CURVE)),
        candidates=_frame(_listed(target, "candidates"), CANDIDATE),
        proposals=_frame(_listed(target, "proposals"), PROPOSAL),
        timeline=_frame(_listed(target, "timeline"), TIMELINE),
        front=_frame(_listed(target, "front"), FRONT),
        sweeps=(),
        importances={},
        target=_target(target),
    )


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame, each as {column: value}."""
    return [{str(column): value for column, value in row.items()} for row in frame.to_dict("records")]


def _frame(rows: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    # object columns: a cell keeps the record's own value, so None stays None and an int of bytes stays an int
    return pd.DataFrame(list(rows), columns=list(columns), dtype=object)


def _trial_rows(record: StudyRecord) -> Iterable[dict[str, Any]]:
    unbeaten = {trial.number for trial in front(record)}
    for trial in record.trials:
        own = {name: getattr(trial, name) for name in TRIAL} | {f"costs.{name}": v for name, v in trial.costs.items()}
        marks = {"group": group(record, trial), "on_front": trial.number in unbeaten}
        yield {name: trial.point.get(name) for name in POINT} | own | marks


def _curve_rows(record: StudyRecord) -> Iterable[dict[str, Any]]:
    for trial in record.trials:
        own = {"number": trial.number, "group": group(record, trial)}
        for point in trial.curve:
            yield own | {name: getattr(point, name) for name in CURVE}


def group(record: StudyRecord, trial: TrialRecord) -> str:
    """How figures mark this trial."""
    if trial.role == "default":
        return "default"
    if trial.role in RERUNS:
        return "rerun"
    if record.best is not None and trial.number == record.best.number:
        return "best"
    if trial.state == "COMPLETE" and trial.length < 1:
        return "short"
    return {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}.get(trial.state, "running")


def _listed(target: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = target.get(key, [])
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _target(target: Mapping[str, Any]) -> Target:
    gpu, chosen = _object(target, "gpu"), _object(target, "chosen")
    return Target(
        gpu=str(gpu.get("name", "")),
        memory_bytes=int(gpu.get("memory_bytes", 0)),
        rule=str(target.get("rule", "")),
        chosen=str(chosen.get("name", "")),
    )


def _object(target: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = target.get(key)
    return value if isinstance(value, dict) else {}
