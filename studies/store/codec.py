"""Records <-> what the tables hold."""

import dataclasses
import json
import math
from collections.abc import Iterable
from typing import Any

from optuna.trial import FrozenTrial
from sqlalchemy.engine import RowMapping

from studies.records import CurvePoint, Provenance, SweepRecord, TrialRecord

RUN = "run"  # the user attribute of an Optuna trial that holds the fields of a TrialRecord beyond its own
CENTRE = "drop70"  # the rule that named the centre of a sweep before rules were calibrated
NUMBER = "number"  # therein: Optuna's own is the order in which trials ended


def dump(value: Any) -> str:
    """A record, or plain values, as text."""
    return json.dumps(dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value)  # type: ignore[arg-type]


def load_sweep(text: str) -> SweepRecord:
    """What `dump` wrote. The centre of older sweeps, which have none of their own, is what that rule reads."""
    loaded = json.loads(text)
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in loaded.items()}
    centre = values["rules"].get(CENTRE) if values["agrees"] else None
    return SweepRecord(**{"centre": centre, **values})


def load_provenance(text: str) -> Provenance:
    """What `dump` wrote."""
    return Provenance(**json.loads(text))


def number_of(trial: FrozenTrial) -> int:
    """The number of a finished trial; studies that ran one at a time have not always kept it beside Optuna's."""
    return int(trial.user_attrs[RUN].get(NUMBER, trial.number))


def length_of(trial: FrozenTrial) -> float:
    """The share of a full trial that a finished trial was made for; older studies know full ones only."""
    return float(trial.user_attrs[RUN].get("length", 1.0))


def trial_record(trial: FrozenTrial, curve: Iterable[CurvePoint]) -> TrialRecord:
    """A finished trial of Optuna's, with its curve."""
    return TrialRecord(
        state=trial.state.name,  # type: ignore[arg-type]
        params=dict(trial.params),
        value=trial.value,
        curve=tuple(curve),
        **{NUMBER: trial.number, **trial.user_attrs[RUN]},
    )


def curve_row(study_id: int, number: int, point: CurvePoint) -> dict[str, Any]:
    """A point of a curve as a row."""
    return {"study_id": study_id, "number": number, **dataclasses.asdict(point)}


def curve_point(row: RowMapping) -> CurvePoint:
    """A row as a point of a curve."""
    values = {name: row[name] for name in CurvePoint.__dataclass_fields__}
    return CurvePoint(**{**values, "train_loss": math.nan if row["train_loss"] is None else row["train_loss"]})
