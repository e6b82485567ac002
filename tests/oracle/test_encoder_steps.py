"""120 recorded steps of encoders (make oracle-rows): the peaks of all three phases, to the byte."""

import csv
import json
from pathlib import Path

import pytest

from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec.text import model_from_data, plan_from_data

with Path(__file__).with_name("encoder-random.csv").open(newline="") as _file:
    ROWS = list(csv.DictReader(_file))


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 120


@pytest.mark.parametrize("row", ROWS, ids=lambda r: str(ROWS.index(r)))
def test_phase_peaks_equal(row: dict[str, str]) -> None:
    step = run_step(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
    peaks = phase_peaks(step.segments, step.base)
    assert {phase: peak.bytes for phase, peak in peaks.items()} == {
        phase: int(row[f"peak_{phase}"]) for phase in ("forward", "backward", "optimizer")
    }
