"""180 recorded steps of encoder-decoders (make oracle-rows), half of them with relative positions: to the byte."""

import csv
import json
from pathlib import Path

import pytest

from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec.text import model_from_data, plan_from_data

ROWS: dict[str, list[dict[str, str]]] = {}
for _name in ("transformer", "t5", "seq2seq-plans"):
    with Path(__file__).with_name(f"{_name}-random.csv").open(newline="") as _file:
        ROWS[_name] = list(csv.DictReader(_file))
CASES = [(name, number) for name, rows in ROWS.items() for number in range(len(rows))]


def test_there_are_enough_rows() -> None:
    assert {name: len(rows) for name, rows in ROWS.items()} == {"transformer": 60, "t5": 60, "seq2seq-plans": 60}


@pytest.mark.parametrize(("name", "number"), CASES)
def test_phase_peaks_equal(name: str, number: int) -> None:
    row = ROWS[name][number]
    step = run_step(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
    peaks = phase_peaks(step.segments, step.base)
    assert {phase: peak.bytes for phase, peak in peaks.items()} == {
        phase: int(row[f"peak_{phase}"]) for phase in ("forward", "backward", "optimizer")
    }
