"""The rows add up to the readings."""

import pytest

from advisor.ledger import estimate
from advisor.ledger.rows import rows, total
from advisor.spec import Plan
from advisor.spec.text import find_model, preset_names
from tests.oracle.rows import Row, recorded_steps


@pytest.mark.parametrize("name", preset_names())
def test_rows_of_a_preset_add_up(name: str) -> None:
    model = find_model(name).model
    plan = Plan(batch=2, sequence=min(int(model.context), 64))
    e, sums = estimate(model, plan), total(rows(model, plan))
    assert sums.parameters == e.parameters.total
    assert sums.saved == e.memory.saved
    assert sums.flops_forward == pytest.approx(e.flops.forward, rel=1e-12)
    assert sums.flops_forward + sums.flops_backward == pytest.approx(e.flops.step, rel=1e-12)


@pytest.mark.parametrize("row", recorded_steps(), ids=lambda r: f"row{r.id}")
def test_rows_of_a_recorded_step_add_up(row: Row) -> None:
    sums = total(rows(row.model, row.plan))
    assert sums.parameters == row.number("params")
    assert sums.saved == row.number("saved_bytes")
    assert sums.flops_forward == row.number("flops_fwd")
    assert sums.flops_forward + sums.flops_backward == row.number("flops_total")


def test_a_block_stands_once_for_all_its_runs() -> None:
    table = {row.path: row for row in rows(find_model("gpt2").model, Plan())}
    assert table["blocks.{}.mlp.up"].repeat == 11
    assert table["blocks.{}.mlp.up"].parameters == 768 * 3072 + 3072
    assert table["blocks.0.mlp.up"].repeat == 1


def test_rows_are_those_of_one_micro_batch() -> None:
    model = find_model("gpt2").model
    assert rows(model, Plan(accumulation=4)) == rows(model, Plan())
