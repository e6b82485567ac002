"""make oracle-rows: records random steps with PyTorch on fake CUDA tensors, in decoder-random.csv.

Needs g++ (once, to build the fake device) and the torch version named in constraints.txt.
"""

from tests.oracle.fakecuda import live_bytes  # isort: skip  (before torch)

import csv
import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import torch

from advisor.spec import MLP, Attention, Decoder, Embedding, Head, Model, Norm, Plan, Rotary
from advisor.spec.blocks import ACTIVATIONS, PLACEMENTS
from advisor.spec.text import model_to_data
from studies.trial.build import MODULES
from studies.trial.modules import recompute
from studies.trial.modules.lora import add_adapters
from tests.oracle.inputs import inputs

ROWS = 160
AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
OUTPUT = Path(__file__).with_name("decoder-random.csv")
ROTARIES = (None, Rotary(), Rotary(fraction=0.25), Rotary(fraction=0.5))


def random_step(number: int) -> tuple[Decoder, Plan]:
    """Any combination of the family's options and of the plan's."""
    pick = random.Random(number)

    def flag(chance: float = 0.5) -> bool:
        return pick.random() < chance

    drop = pick.choice([0.0, 0.0, 0.1])
    attention = random_attention(pick, drop)
    size = attention.head_size or pick.choice([8, 12, 20, 32, 64])
    d_model = attention.heads * size + (pick.choice([0, 64]) if attention.head_size else 0)
    kind = pick.choice(["layer", "rms"])
    sequence = pick.choice([7, 16, 33, 64, 100])
    model = Decoder(
        context=sequence + pick.choice([0, 5]),
        d_model=d_model,
        depth=pick.choice([1, 2, 3, 5]),
        embedding=Embedding(
            vocab=pick.choice([65, 256, 1000, 4099]), positions=pick.choice(["learned", "none"]), scaled=flag(),
            spare_positions=pick.choice([0, 2]), dropout=pick.choice([0.0, drop]),
        ),
        attention=attention,
        mlp=MLP(
            hidden=pick.choice([d_model, 4 * d_model, d_model + 5]), activation=pick.choice(ACTIVATIONS), gated=flag(),
            bias=flag(), dropout=pick.choice([0.0, drop]), hidden_dropout=pick.choice([0.0, 0.0, drop]),
        ),
        norm=Norm(
            kind=kind, placement=pick.choice(PLACEMENTS), bias=kind == "layer" and flag(), final=flag(0.8)
        ),
        head=Head(tied=flag(), bias=flag()),
    )  # fmt: skip
    plan = Plan(
        batch=pick.choice([1, 2, 3]), sequence=sequence, precision=pick.choice(["fp32", "bf16", "pure-bf16"]),
        optimizer_implementation=pick.choice(["fused", "foreach"]), keep_logits=flag(),
        checkpointing=pick.choice(["none", "none", "block"]),
    )  # fmt: skip
    return model, plan


def random_attention(pick: random.Random, drop: float, rotaries: tuple[Rotary | None, ...] = ROTARIES) -> Attention:
    """Fused, or separate with the options that need it."""
    heads, biases = pick.choice([2, 4, 6, 8]), [pick.random() < 0.5 for _ in range(2)]
    if pick.random() < 0.4:
        return Attention(heads=heads, qkv_bias=biases[0], out_bias=biases[1], dropout=drop)
    return Attention(
        heads=heads, kv_heads=pick.choice([heads, heads // 2, 1]), head_size=pick.choice([8, 16, 32, 64]),
        projections="separate", qkv_bias=biases[0], out_bias=biases[1], rotary=pick.choice(rotaries),
        qk_norm=pick.random() < 0.5, dropout=drop,
    )  # fmt: skip


def build(model: Model, plan: Plan) -> Any:
    """What live_bytes.step_peaks calls: module, optimizer, inputs, loss."""
    default = torch.get_default_dtype()
    if plan.precision == "pure-bf16":  # fake parameters cannot be converted afterwards
        torch.set_default_dtype(torch.bfloat16)
    module = MODULES[type(model)](model, plan)
    torch.set_default_dtype(default)
    if plan.lora is not None:
        add_adapters(module, plan.lora)
    recompute.preserve_rng_state = False  # the fake device has no random state to keep
    fused = plan.optimizer_implementation == "fused"
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, fused=fused, foreach=not fused)
    batch = inputs(model, plan)
    if plan.padding:
        batch.append(torch.ones(plan.batch, plan.sequence, dtype=torch.bool))

    def loss_of(module: torch.nn.Module, *batch: torch.Tensor) -> tuple[Any, Any]:
        logits, loss = module(*batch)
        return loss, logits if plan.keep_logits else None

    return module, optimizer, batch, loss_of


def record(model: Model, plan: Plan) -> dict[str, Any]:
    """One row."""
    peaks = live_bytes.step_peaks(lambda: build(model, plan), AUTOCAST.get(plan.precision), ema=plan.ema)
    return row(model, plan, peaks)


def row(model: Model, plan: Plan, peaks: dict[str, Any]) -> dict[str, Any]:
    """What is written of a recorded step."""
    return {
        "model": json.dumps(model_to_data(model)),
        "plan": json.dumps(dataclasses.asdict(plan)),
        **{f"peak_{phase}": peaks[phase] for phase in ("forward", "backward", "optimizer")},
        "torch": torch.__version__.split("+")[0],
    }


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes the rows."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} rows in {path.name}")


if __name__ == "__main__":
    write(OUTPUT, [record(*random_step(number)) for number in range(ROWS)])
