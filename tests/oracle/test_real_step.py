"""An independent truth: real fp32 training steps on the CPU, measured by the profiler's memory events.

The CPU's allocator does not round to 512 bytes, so the ledger is run without rounding here; in models of a few MiB the
rounding is several percent. Some CPU kernels take a few KiB of workspace, which is what the absolute tolerance is for.
"""

import dataclasses

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from advisor.ledger.step import run_step
from advisor.ledger.tape import phase_peaks
from advisor.spec import Decoder, Plan
from studies.trial.build import build, initialize
from tests.oracle.specs import random_model

RELATIVE, ABSOLUTE = 0.01, 40_000  # [bytes]; whichever is more
STEP_COUNT = 4  # [bytes] of fused AdamW, one per weight


def measured_peak(model: Decoder, plan: Plan) -> int:
    """Peak of allocated memory [bytes] of the second step; the first creates the optimizer's states."""
    module = build(model, plan)
    initialize(module, seed=0)
    fused = plan.optimizer_implementation == "fused"
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, fused=fused, foreach=not fused)
    ids = torch.zeros(plan.batch, plan.sequence, dtype=torch.long)
    targets = torch.zeros_like(ids)

    def step() -> None:
        loss = module(ids, targets)[1]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    step()
    states = [v for state in optimizer.state.values() for v in state.values()]
    before = sum(t.untyped_storage().nbytes() for t in (*module.parameters(), *module.buffers(), *states, ids, targets))
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    level = peak = 0
    for event in profiler.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            level += event.nbytes()
            peak = max(peak, level)
    return before + peak


@pytest.mark.parametrize("number", range(30))
def test_allocated_memory(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(number)
    model = dataclasses.replace(model, d_model=4 * model.d_model, depth=model.depth + 2)
    plan = Plan(
        batch=4,
        sequence=33,
        precision="fp32",
        optimizer_implementation=("fused", "foreach")[number % 2],  # type: ignore[arg-type]
        checkpointing=("none", "block")[number // 2 % 2],  # type: ignore[arg-type]
    )
    monkeypatch.setattr("advisor.ledger.tape.ALIGNMENT", 1)
    monkeypatch.setattr("advisor.ledger.optimizer.ALIGNMENT", STEP_COUNT)
    step = run_step(model, plan)
    peak = max(p.bytes for p in phase_peaks(step.segments, step.base).values())
    assert peak == pytest.approx(measured_peak(model, plan), rel=RELATIVE, abs=ABSOLUTE)
