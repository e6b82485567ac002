"""make oracle-rows: records random decoders with adapters, in lora-steps.csv (see generate.py)."""

from tests.oracle import generate  # isort: skip  (before torch)

import dataclasses
import random
from pathlib import Path

from advisor.spec import Decoder, LoRA, Plan

ROWS = 80
OUTPUT = Path(__file__).with_name("lora-steps.csv")


def random_step(number: int) -> tuple[Decoder, Plan]:
    """A random decoder and plan with adapters on any of its projections."""
    pick = random.Random(number + 7_000)
    model, plan = generate.random_step(number + 7_000)
    names = ["qkv"] if model.attention.projections == "fused" else ["q", "k", "v"]
    names += ["out", "up", "down", *(["gate"] if model.mlp.gated else [])]
    lora = LoRA(
        rank=pick.choice([1, 4, 8, 17]), targets=",".join(pick.sample(names, pick.randint(1, len(names)))),
        dropout=pick.choice([0.0, 0.0, 0.1]),
    )  # fmt: skip
    return model, dataclasses.replace(plan, lora=lora)


if __name__ == "__main__":
    generate.write(OUTPUT, [generate.record(*random_step(number)) for number in range(ROWS)])
