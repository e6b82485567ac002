"""make oracle-rows: records random steps with masks in attention, in attention-random.csv (see generate.py)."""

from tests.oracle import generate  # isort: skip  (before torch)

import dataclasses
from pathlib import Path

from advisor.spec import Decoder, Plan

ROWS = 60
OUTPUT = Path(__file__).with_name("attention-random.csv")


def random_step(number: int) -> tuple[Decoder, Plan]:
    """A random decoder and plan; the batch comes with a padding mask."""
    model, plan = generate.random_step(2000 + number)
    return model, dataclasses.replace(plan, padding=True)


if __name__ == "__main__":
    generate.write(OUTPUT, [generate.record(*random_step(number)) for number in range(ROWS)])
