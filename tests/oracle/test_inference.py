"""90 recorded forward passes without gradients (make oracle-rows): their peaks, to the byte."""

import csv
import json
from pathlib import Path

import pytest

from advisor.ledger.inference import run_prefill
from advisor.ledger.tape import phase_peaks
from advisor.spec.text import model_from_data, plan_from_data

with Path(__file__).with_name("prefill-passes.csv").open(newline="") as _file:
    ROWS = list(csv.DictReader(_file))


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 90


@pytest.mark.parametrize("row", ROWS, ids=lambda r: str(ROWS.index(r)))
def test_the_peak_equals(row: dict[str, str]) -> None:
    step = run_prefill(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
    assert phase_peaks(step.segments, step.base)["forward"].bytes == int(row["peak_prefill"])
