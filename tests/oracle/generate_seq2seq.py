"""make oracle-rows: records random encoder-decoder steps with PyTorch on fake CUDA tensors (see generate.py).

transformer-random.csv: without relative positions; t5-random.csv: with them; seq2seq-plans-random.csv: both, with what
else a plan may hold.
"""

from tests.oracle import generate_optimizers as optimizers  # isort: skip  (before torch)

import dataclasses
import random
from pathlib import Path

from advisor.spec import MLP, Head, MultiHeadAttention, Norm, Plan, RelativeBias, Seq2Seq, SequenceEmbedding
from advisor.spec.blocks import ACTIVATIONS
from tests.oracle import generate

ROWS = 60  # of each
FOLDER = Path(__file__).parent


def random_step(number: int, relative: bool) -> tuple[Seq2Seq, Plan]:
    """Any combination of the family's options and of the plan's."""
    pick = random.Random(number)

    def flag(chance: float = 0.5) -> bool:
        return pick.random() < chance

    drop = pick.choice([0.0, 0.0, 0.1])
    heads, size = pick.choice([1, 2, 4, 8]), pick.choice([8, 12, 16, 32, 64])
    apart = flag(0.3)
    d_model = heads * size + (pick.choice([8, 64]) if apart else 0)
    source, target = (pick.choice([7, 16, 33, 64, 100]) for _ in range(2))
    kind = pick.choice(["layer", "rms"])
    model = Seq2Seq(
        context=max(source, target) + pick.choice([0, 5]),
        d_model=d_model,
        encoder_depth=pick.choice([1, 2, 3, 5]),
        decoder_depth=pick.choice([1, 2, 3, 5]),
        embedding=SequenceEmbedding(
            vocab=pick.choice([65, 256, 1000, 4099]), shared=flag(), scaled=flag(), dropout=pick.choice([0.0, drop]),
            positions="none" if relative else pick.choice(["sinusoidal", "learned", "none"]),
        ),
        attention=MultiHeadAttention(
            heads=heads, head_size=size if apart else None, qkv_bias=flag(), out_bias=flag(), scaled=flag(),
            dropout=drop,
        ),
        mlp=MLP(
            hidden=pick.choice([d_model, 4 * d_model, d_model + 5]), activation=pick.choice(ACTIVATIONS), gated=flag(),
            bias=flag(), dropout=pick.choice([0.0, drop]), hidden_dropout=pick.choice([0.0, 0.0, drop]),
        ),
        relative=RelativeBias(buckets=pick.choice([8, 32])) if relative else None,
        norm=Norm(
            kind=kind, placement=pick.choice(["pre", "post"]), bias=kind == "layer" and flag(), final=flag(0.7)
        ),
        final_dropout=flag(),
        head=Head(tied=flag(), bias=flag()),
        head_scaled=flag(),
    )  # fmt: skip
    plan = Plan(
        batch=pick.choice([1, 2, 3]), sequence=source, target_sequence=target,
        precision=pick.choice(["fp32", "bf16", "pure-bf16"]), keep_logits=flag(),
        optimizer_implementation=pick.choice(["fused", "foreach"]),
        checkpointing=pick.choice(["none", "none", "block"]),
    )  # fmt: skip
    return model, plan


def random_plan(number: int, plan: Plan) -> Plan:
    """The plan with another optimizer and precision, clipping, accumulation, averaging or a chunked loss."""
    pick = random.Random(number)
    chunked = pick.random() < 0.4
    return dataclasses.replace(
        plan,
        optimizer=pick.choice(["adamw", "sgd-momentum", "adafactor"]),
        optimizer_implementation="foreach",
        precision=pick.choice(["fp32", "bf16", "fp16"]),
        accumulation=pick.choice([1, 2, 3]),
        grad_clip=pick.random() < 0.5,
        ema=pick.random() < 0.3,
        loss="chunked" if chunked else "full",
        loss_chunks=pick.choice([2, 3, 8]),
        keep_logits=plan.keep_logits and not chunked,
    )


if __name__ == "__main__":
    for name, relative in (("transformer", False), ("t5", True)):
        steps = [random_step(number, relative) for number in range(ROWS)]
        generate.write(FOLDER / f"{name}-random.csv", [generate.record(*step) for step in steps])
    steps = [random_step(500 + number, relative=number % 2 == 1) for number in range(ROWS)]
    plans = [random_plan(number, plan) for number, (_, plan) in enumerate(steps)]
    rows = [optimizers.record(model, plan) for (model, _), plan in zip(steps, plans, strict=True)]
    generate.write(FOLDER / "seq2seq-plans-random.csv", rows)
