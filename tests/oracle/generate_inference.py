"""make oracle-rows: records forward passes without gradients, decoders, BDH and experts, in prefill-passes.csv."""

from tests.oracle import generate, generate_bdh, generate_moe  # isort: skip  (before torch)

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from advisor.spec import Model, Plan
from advisor.spec.text import model_to_data
from tests.oracle.fakecuda.live_bytes import LiveBytes

ROWS = 30  # of each family
OUTPUT = Path(__file__).with_name("prefill-passes.csv")


def peak(model: Model, plan: Plan) -> int:
    """Live bytes at the highest point of module(ids), in evaluation mode under no_grad."""
    live = LiveBytes()
    with FakeTensorMode():
        with torch.device("cuda"):
            module, _, (ids, _), _ = generate.build(model, plan)
        module.eval()
        live.track([*module.parameters(), *module.buffers(), ids])
        live.begin("prefill")
        with live, torch.no_grad():
            module(ids)
    return int(live.peak["prefill"])


def record(model: Model, plan: Plan) -> dict[str, Any]:
    """One row; weights are in the compute dtype, so bf16 is pure."""
    plan = dataclasses.replace(plan, precision="fp32" if plan.precision == "fp32" else "pure-bf16")
    return {
        "model": json.dumps(model_to_data(model)),
        "plan": json.dumps(dataclasses.asdict(plan)),
        "peak_prefill": peak(model, plan),
        "torch": torch.__version__.split("+")[0],
    }


if __name__ == "__main__":
    steps = (family.random_step(number) for family in (generate, generate_bdh, generate_moe) for number in range(ROWS))
    generate.write(OUTPUT, [record(*step) for step in steps])
