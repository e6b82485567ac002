"""make oracle-rows: records random BDH steps with PyTorch on fake CUDA tensors, in bdh-random.csv (see generate.py)."""

from tests.oracle import generate  # isort: skip  (before torch)

import random
from pathlib import Path

from advisor.spec import BDH, Plan

ROWS = 80
OUTPUT = Path(__file__).with_name("bdh-random.csv")


def random_step(number: int) -> tuple[BDH, Plan]:
    """Any combination of the family's sizes and of the plan's switches."""
    pick = random.Random(number)
    sequence = pick.choice([1, 7, 16, 33, 64, 100])
    model = BDH(
        vocab=pick.choice([65, 256, 1000, 4099]), context=sequence + pick.choice([0, 5]),
        d_model=pick.choice([8, 16, 24, 48, 64]), depth=pick.choice([1, 2, 3, 4, 6]), heads=pick.choice([1, 2, 4, 8]),
        multiplier=pick.choice([8, 16, 32]), dropout=pick.choice([0.0, 0.1]),
    )  # fmt: skip
    plan = Plan(
        batch=pick.choice([1, 2, 3]), sequence=sequence, precision=pick.choice(["fp32", "bf16", "pure-bf16"]),
        optimizer_implementation=pick.choice(["fused", "foreach"]), keep_logits=pick.random() < 0.5,
        checkpointing=pick.choice(["none", "none", "block"]),
    )  # fmt: skip
    return model, plan


if __name__ == "__main__":
    generate.write(OUTPUT, [generate.record(*random_step(number)) for number in range(ROWS)])
