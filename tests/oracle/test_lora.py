"""80 recorded steps of random decoders with adapters (make oracle-rows)."""

import csv
import json
from pathlib import Path

import pytest

from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import LoRA
from advisor.spec.text import find_model, model_from_data, plan_from_data
from studies.trial.build import build

with Path(__file__).with_name("lora-steps.csv").open(newline="") as _file:
    ROWS = list(csv.DictReader(_file))
PHASES = ("forward", "backward", "optimizer")


def relative_errors(row: dict[str, str]) -> list[float]:
    """Of each phase's peak."""
    step = run_step(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
    peaks = phase_peaks(step.segments, step.base)
    return [peaks[phase].bytes / int(row[f"peak_{phase}"]) - 1 for phase in PHASES]


def test_the_phase_peaks_of_95_percent_of_the_rows_are_equal() -> None:
    """The others: rotary tables that the first block does not save; padded heads that a checkpoint holds."""
    errors = [max(map(abs, relative_errors(row))) for row in ROWS]
    assert len(errors) >= 80
    assert sum(e == 0 for e in errors) >= 0.95 * len(errors)
    assert max(errors) < 0.03


def test_the_peak_of_the_step_is_never_off_by_more_than_1_percent() -> None:
    for row in ROWS:
        step = run_step(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
        peak = max(p.bytes for p in phase_peaks(step.segments, step.base).values())
        assert peak == pytest.approx(max(int(row[f"peak_{phase}"]) for phase in PHASES), rel=0.01)


def test_the_module_trains_the_adapters_only() -> None:
    model = find_model("tiny").model
    plan = plan_from_data({"batch": 1, "sequence": 8, "precision": "fp32", "lora": {"rank": 4, "targets": "qkv,down"}})
    trained = {n: tuple(p.shape) for n, p in build(model, plan).named_parameters() if p.requires_grad}
    step = run_step(model, plan)
    expected: dict[str, tuple[int, ...]] = {}
    for p in step.parameters:
        if p.trainable:
            runs = range(1, int(model.depth)) if "{}" in p.path else [0]
            expected |= {p.path.format(run): p.shape for run in runs}
    assert trained == expected
    assert isinstance(plan.lora, LoRA)
