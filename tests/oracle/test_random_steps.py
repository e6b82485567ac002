"""Recorded random steps (make oracle-rows), decoders and optimizers of every kind: all phase peaks, to the byte."""

import csv
import json
from pathlib import Path

import pytest

from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec.plan import OPTIMIZER_IMPLEMENTATIONS
from advisor.spec.text import model_from_data, plan_from_data


def rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(newline="") as file:
        return list(csv.DictReader(file))


DECODERS, OPTIMIZED = rows("decoder-random.csv"), rows("optimizer-random.csv")
ROWS = [pytest.param(row, id=f"{kind}{i}") for kind, found in (("decoder", DECODERS), ("optimizer", OPTIMIZED))
        for i, row in enumerate(found)]  # fmt: skip


def test_there_are_enough_rows() -> None:
    assert len(DECODERS) >= 160
    assert len(OPTIMIZED) >= 120


def test_every_implementation_of_every_optimizer_is_among_them() -> None:
    plans = [json.loads(row["plan"]) for row in OPTIMIZED]
    assert {(p["optimizer"], p["optimizer_implementation"]) for p in plans} == {
        (optimizer, name) for optimizer, names in OPTIMIZER_IMPLEMENTATIONS.items() for name in names
    }


@pytest.mark.parametrize("row", ROWS)
def test_phase_peaks_equal(row: dict[str, str]) -> None:
    step = run_step(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
    peaks = phase_peaks(step.segments, step.base)
    assert {phase: peak.bytes for phase, peak in peaks.items()} == {
        phase: int(row[f"peak_{phase}"]) for phase in ("forward", "backward", "optimizer")
    }
