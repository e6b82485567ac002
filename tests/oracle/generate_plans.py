"""make oracle-rows: records random steps with what a plan adds to a step, with PyTorch on fake CUDA tensors.

As generate_optimizers.py does: fp16 with a GradScaler in fp16-random.csv, averaged copies of the weights in
ema-random.csv, chunked losses in chunked-loss-random.csv, optimizers of other packages in lion-random.csv and
adamw-8bit-random.csv, every family with mup in mup-random.csv.
"""

from tests.oracle import generate_optimizers as optimizers  # isort: skip  (before torch)

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import bitsandbytes
import bitsandbytes.optim.optimizer
import lion_pytorch
import lion_pytorch.foreach
from torch import nn

from advisor.spec import Plan
from advisor.spec.plan import OPTIMIZER_IMPLEMENTATIONS
from tests.oracle import generate
from tests.oracle.generate_bdh import random_step as random_bdh
from tests.oracle.generate_encoder import random_step as random_encoder
from tests.oracle.generate_seq2seq import random_step as random_seq2seq

ROWS = 60
OTHERS = 40  # of each optimizer of another package
MUP_ROWS = 12  # of each family
bitsandbytes.optim.optimizer.sync_gpu = lambda tensor: None  # there is nothing to wait for
CHUNKS = (2, 3, 4, 8, 13, 1)
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


def record_chunked_loss() -> None:
    """Steps of decoders and BDH whose loss is chunked, some by more chunks than there are tokens."""
    steps = [optimizers.random_step(6000 + number) for number in range(2 * ROWS // 3)]
    steps += [random_bdh(6000 + number) for number in range(ROWS // 3)]
    rows = []
    for number, (model, plan) in enumerate(steps):
        chosen = {"loss": "chunked", "loss_chunks": CHUNKS[number % len(CHUNKS)], "keep_logits": False}
        rows.append(optimizers.record(model, dataclasses.replace(plan, **chosen)))
    generate.write(Path(__file__).with_name("chunked-loss-random.csv"), rows)


def optimizer_of(module: nn.Module, plan: Plan) -> Any:
    """The class that the plan names."""
    if plan.optimizer == "adamw-8bit":
        return bitsandbytes.optim.AdamW8bit(module.parameters())
    package = lion_pytorch.foreach if plan.optimizer_implementation == "foreach" else lion_pytorch
    return package.Lion(module.parameters())


def record_optimizer(name: str, first: int) -> None:
    """The rows of an optimizer of another package, its implementations in turn."""
    known, rows = OPTIMIZER_IMPLEMENTATIONS[name], []
    for number in range(OTHERS):
        model, plan = optimizers.random_step(first + number)
        chosen = {"optimizer": name, "optimizer_implementation": known[number % len(known)]}
        precision = "fp16" if number % 5 == 0 else plan.precision
        plan = dataclasses.replace(plan, **chosen, precision=precision)
        rows.append(optimizers.record(model, plan, optimizer_of))
    generate.write(Path(__file__).with_name(f"{name}-random.csv"), rows)


def record_mup() -> None:
    """Steps of every family whose head's input is scaled."""
    several = (generate.random_step, random_encoder, partial(random_seq2seq, relative=False), random_bdh)
    steps = [random_step(7000 + number) for random_step in several for number in range(MUP_ROWS)]
    chosen: dict[str, Any] = {"parametrization": "mup", "base_width": 64}
    rows = [generate.record(model, dataclasses.replace(plan, **chosen)) for model, plan in steps]
    generate.write(Path(__file__).with_name("mup-random.csv"), rows)


if __name__ == "__main__":
    for name in GROUPS:
        record(name)
    record_mup()
    record_chunked_loss()
    record_optimizer("lion", 4000)
    record_optimizer("adamw-8bit", 5000)
