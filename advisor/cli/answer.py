"""What a study found, for a person and as JSON."""

import dataclasses
from typing import Any

from advisor.cli import front as front_table
from advisor.cli.point import named
from advisor.units import format_count, format_seconds
from studies.borders import borders
from studies.front import front
from studies.interval import interval
from studies.records import StudyRecord, TrialRecord


def lines(record: StudyRecord) -> list[str]:
    """The tuned hyperparameters, what they gained, and on what."""
    best, measured, default = record.best, record.measured, record.default
    if best is None or measured is None or measured.value is None:
        return [f"study {record.name}: no trial of the search has ended well yet"]
    rows = [
        f"Tuned on {_device(record)}: {format_count(best.tokens)} tokens per trial, "
        f"{len(record.trials_of('search'))} trials in {format_seconds(record.spent_seconds)}:",
        "",
        *(f"   {label:<15}{value}" for label, value in _settings(best)),
        "",
        f"   {'':<15}validation loss [nats/token], same token budget",
        f"   {'tuned':<15}{measured.value:.4f}  ({_source(best, measured)})",
    ]
    if found := interval(record):
        rows.append(
            f"   {'95 % interval':<15}{found.low:.4f} to {found.high:.4f}  (of its mean; t, {found.runs} other seeds)"
        )
    if default is not None and default.value is not None:
        gain = default.value - measured.value
        rows += [
            f"   {'untuned':<15}{default.value:.4f}  ({', '.join(f'{k} {v}' for k, v in _settings(default))})",
            f"   {'gain':<15}{gain:.4f}  ({gain / default.value:.1%})",
        ]
    return [*rows, "", *front_table.lines(record), *map(str, borders(record)), *_scale(record, best)]


def as_data(record: StudyRecord) -> dict[str, Any]:
    """The same as plain values."""
    best, default, found = record.best, record.default, interval(record)
    return {
        "study": record.name,
        "state": record.state,
        "spent_seconds": record.spent_seconds,
        "tokens_per_trial": record.tokens_per_trial,
        "trials": {
            state: sum(t.state == state for t in record.trials) for state in ("COMPLETE", "PRUNED", "FAIL")
        },
        "best": best and _trial(best),
        "default": default and _trial(default),
        "interval": found and dataclasses.asdict(found),
        "borders": [dataclasses.asdict(border) for border in borders(record)],
        "objectives": list(record.objectives),
        "front": [_trial(t) for t in front(record)],
        "finals": [_trial(t) for t in record.trials_of("final")],
        "proxy": bool(record.target),
    }  # fmt: skip


def _trial(t: TrialRecord) -> dict[str, Any]:
    return {"number": t.number, "point": t.point, "value": t.value, "parameters": t.parameters, "seed": t.seed} | (
        {"costs": t.costs} if t.costs else {}
    )


def _device(record: StudyRecord) -> str:
    return record.provenance.device.get("name", "this machine")


def _settings(trial: TrialRecord) -> list[tuple[str, str]]:
    p = trial.point
    if "d_model" not in p:
        return named(p)
    return [
        ("learning rate", f"{p['learning_rate']:.2e}"),
        ("dropout", f"{p['dropout']:.2f}"),
        ("depth", f"{p['depth']:.0f}"),
        ("width", f"{p['d_model']:.0f}"),
    ]


def _source(best: TrialRecord, measured: TrialRecord) -> str:
    if measured.number == best.number:
        return "the winning trial's own loss, which includes the luck of being picked"
    return f"run again with another seed; the winning trial itself had {best.value:.4f}"


def _scale(record: StudyRecord, best: TrialRecord) -> list[str]:
    """How far the answer carries."""
    gpu = record.target.get("gpu")
    if not isinstance(gpu, dict):
        return []
    return [
        f"This was tuned on a small proxy of {format_count(best.parameters)} parameters, not on the models proposed "
        f"for the {gpu['name']}.",
        "Learning rates shrink as models grow wider: take these as a start for a sweep on the GPU itself.",
    ]
