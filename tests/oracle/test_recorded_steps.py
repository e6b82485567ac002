"""Every reading of 40 recorded training steps, to the byte."""

import numpy as np
import pytest

from advisor.ledger import columns, estimate
from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import Decoder, Plan
from tests.oracle.rows import Row, recorded_steps

ROWS = recorded_steps()
PHASES = {"forward": "peak_fwd", "backward": "peak_bwd", "optimizer": "peak_opt"}


def test_there_are_forty_rows() -> None:
    assert len(ROWS) == 40


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"row{r.id}")
def test_phase_peaks_equal(row: Row) -> None:
    step = run_step(row.model, row.plan)
    peaks = phase_peaks(step.segments, step.base)
    assert {phase: peaks[phase].bytes for phase in PHASES} == {p: row.number(name) for p, name in PHASES.items()}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"row{r.id}")
def test_the_backward_peak_is_at_the_recorded_op(row: Row) -> None:
    step = run_step(row.model, row.plan)
    op = phase_peaks(step.segments, step.base)["backward"].op.split(": ")[-1]
    assert row.truth["op_bwd"].split(".")[1] == op


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"row{r.id}")
def test_parameters_flops_and_saved_bytes_equal(row: Row) -> None:
    e = estimate(row.model, row.plan)
    assert e.parameters.total == row.number("params")
    assert e.memory.saved == row.number("saved_bytes")
    assert (e.flops.forward, e.flops.step) == (row.number("flops_fwd"), row.number("flops_total"))
    assert e.memory.allocated.bytes == row.number("peak")


def test_columns_equal_the_recorded_rows() -> None:
    """Rows that share all switches, as columns: the same bytes as one by one."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in ROWS:
        t, p = row.truth, row.plan
        key = (float(t["drop"]), t["bias"], t["tied"], p.precision, p.optimizer_implementation, p.checkpointing,
               p.keep_logits)  # fmt: skip
        groups.setdefault(key, []).append(row)
    assert max(len(g) for g in groups.values()) >= 3
    for rows in groups.values():
        c = columns(*as_columns(rows))
        assert c.parameters.tolist() == [r.number("params") for r in rows]
        assert c.saved.tolist() == [r.number("saved_bytes") for r in rows]
        assert c.flops_step.tolist() == [r.number("flops_total") for r in rows]
        assert c.peak_forward.tolist() == [r.number("peak_fwd") for r in rows]
        assert c.peak_backward.tolist() == [r.number("peak_bwd") for r in rows]
        assert c.peak_optimizer.tolist() == [r.number("peak_opt") for r in rows]


def as_columns(rows: list[Row]) -> tuple[Decoder, Plan]:
    def column(name: str) -> np.ndarray:
        return np.array([r.number(name) for r in rows])

    t, p = rows[0].truth, rows[0].plan
    width = column("C")
    model = Decoder.gpt(
        vocab=column("V"), context=column("T"), d_model=width, depth=column("L"), heads=column("H"),
        hidden=width * column("ff"), dropout=float(t["drop"]), bias=t["bias"] == "True", tied=t["tied"] == "True",
    )  # fmt: skip
    plan = Plan(
        batch=column("B"), sequence=column("T"), precision=p.precision, checkpointing=p.checkpointing,
        optimizer_implementation=p.optimizer_implementation, keep_logits=p.keep_logits,
    )  # fmt: skip
    return model, plan
