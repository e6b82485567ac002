"""make oracle-rows: records steps that recompute some blocks, or their attention, in checkpointing-random.csv."""

from tests.oracle import generate  # isort: skip  (before torch)

import dataclasses
import random
from pathlib import Path

from advisor.spec import Decoder, Plan

ROWS = 60
OUTPUT = Path(__file__).with_name("checkpointing-random.csv")


def random_step(number: int) -> tuple[Decoder, Plan]:
    """One of generate.py's random decoders, deep enough for a pattern to recur or to break off."""
    pick = random.Random(number + 10**6)
    model, plan = generate.random_step(number + 10**6)
    every = pick.choice([1, 2, 2, 3, 4])
    return dataclasses.replace(model, depth=pick.choice([1, 2, 3, 4, 5, 7, 8])), dataclasses.replace(
        plan, checkpointing=pick.choice(["block", "attention"]), checkpoint_every=every
    )


if __name__ == "__main__":
    generate.write(OUTPUT, [generate.record(*random_step(number)) for number in range(ROWS)])
