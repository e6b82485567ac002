"""What a study found, for a person."""

import math
from collections.abc import Sequence
from itertools import starmap

from advisor.cli import front as front_table
from advisor.cli.point import named, names
from advisor.units import format_count, format_seconds
from studies.answer import Answer
from studies.borders import borders
from studies.records import StudyRecord, TrialRecord


def lines(record: StudyRecord) -> list[str]:
    """The tuned hyperparameters, what they gained, and on what."""
    found = Answer.of(record)
    best, loss = found.tuned, found.loss
    if best is None or loss is None:
        return [f"study {record.name}: no trial of the search has ended well yet"]
    rows = [
        f"Tuned on {_device(record)}: {format_count(best.tokens)} tokens per trial, "
        f"{len(record.trials_of('search'))} trials in {format_seconds(record.spent_seconds)}:",
        "",
        *(f"   {label:<15}{value}" for label, value in _settings(best)),
        "",
        f"   {'':<15}validation loss [nats/token], {found.duration}",
        f"   {'tuned':<15}{loss.mean:.4f}  ({_source(found)})",
    ]
    if loss.low is not None and loss.high is not None:
        rows.append(f"   {'95 % interval':<15}{loss.low:.4f} to {loss.high:.4f}  (of that mean)")
    rows += [f"   {'set aside':<15}{line}" for line in starmap(_luck, found.set_aside)]
    return [*rows, *_gain(found), "", *front_table.lines(record), *map(str, borders(record)), *_scale(record, best)]


def _gain(found: Answer) -> list[str]:
    """What tuning was worth; nothing where the default did not run to its end."""
    default, gain = found.default, found.ahead_of(found.default)
    if default is None or default.value is None or gain is None:
        return []
    ends = "" if gain.low is None else f"; 95 % interval {gain.low:.4f} to {gain.high:.4f}"
    return [
        f"   {'untuned':<15}{default.value:.4f}  ({', '.join(f'{k} {v}' for k, v in _settings(default))};"
        f" {format_count(default.tokens)} tokens)",
        f"   {'gain':<15}{gain.mean:.4f}  ({gain.mean / default.value:.1%}{ends})",
    ]


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
        *names(p),
    ]


def _source(found: Answer) -> str:
    if not found.reruns:
        return "the winning trial's own loss, which includes the luck of being picked"
    assert found.tuned is not None
    again = "run again with another seed" if len(found.reruns) == 1 else f"mean of {len(found.reruns)} other seeds"
    return f"{again}; the winning trial itself had {found.tuned.value:.4f}"


def _luck(trial: TrialRecord, again: Sequence[float]) -> str:
    """'trial 9 (learning rate 8.60e-03): 1.4998, but 1.8330 with another seed'."""
    losses = [f"{loss:.4f}" if math.isfinite(loss) else "diverged" for loss in again]
    seeds = "another seed" if len(losses) == 1 else "other seeds"
    setting, value = _settings(trial)[0]
    return f"trial {trial.number} ({setting} {value}): {trial.value:.4f}, but {', '.join(losses)} with {seeds}"


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
