"""make oracle-rows: records random steps with what a plan adds to a step, with PyTorch on fake CUDA tensors.

As generate_optimizers.py does: fp16 with a GradScaler in fp16-random.csv, averaged copies of the weights in
ema-random.csv.
"""

from tests.oracle import generate_optimizers as optimizers  # isort: skip  (before torch)

import dataclasses
from pathlib import Path
from typing import Any

from tests.oracle import generate

ROWS = 60
GROUPS: dict[str, tuple[int, dict[str, Any]]] = {
    "fp16-random.csv": (2000, {"precision": "fp16"}),
    "ema-random.csv": (3000, {"ema": True}),
}


def record(name: str) -> None:
    """One group of rows."""
    first, values = GROUPS[name]
    steps = [optimizers.random_step(first + number) for number in range(ROWS)]
    rows = [optimizers.record(model, dataclasses.replace(plan, **values)) for model, plan in steps]
    generate.write(Path(__file__).with_name(name), rows)


if __name__ == "__main__":
    for name in GROUPS:
        record(name)
