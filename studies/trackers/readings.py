"""What all trackers are told of a trial."""

from dataclasses import fields

from studies.records import CurvePoint, TrialRecord

TOLD_OTHERWISE = {"params", "point", "curve"}


def scalars(point: CurvePoint) -> dict[str, float]:
    """A point of the curve by name; a validation loss only where an evaluation ran [nats/token]."""
    values = {"train_loss": point.train_loss, "learning_rate": point.learning_rate}
    return values if point.validation_loss is None else {**values, "validation_loss": point.validation_loss}


def facts(trial: TrialRecord) -> dict[str, object]:
    """How the trial ended and what it took: its record without hyperparameters and curve."""
    return {f.name: getattr(trial, f.name) for f in fields(trial) if f.name not in TOLD_OTHERWISE}
