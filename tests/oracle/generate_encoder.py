"""make oracle-rows: records random encoder steps with PyTorch on fake CUDA tensors, in encoder-random.csv."""

from tests.oracle import generate  # isort: skip  (before torch)

import random
from pathlib import Path
from typing import Any

from advisor.spec import MLP, Embedding, Encoder, MaskedHead, Norm, Plan
from advisor.spec.blocks import ACTIVATIONS
from tests.oracle.generate import random_attention

ROWS = 120
OUTPUT = Path(__file__).with_name("encoder-random.csv")


def random_step(number: int) -> tuple[Encoder, Plan]:
    """Any combination of the family's options and of the plan's."""
    pick = random.Random(number)

    def flag(chance: float = 0.5) -> bool:
        return pick.random() < chance

    drop, kind = pick.choice([0.0, 0.1]), pick.choice(["layer", "layer", "layer", "rms"])
    attention = random_attention(pick, drop, rotaries=(None,))
    d_model = attention.heads * (attention.head_size or pick.choice([8, 12, 20, 32, 64]))
    sequence, final = pick.choice([7, 16, 33, 64, 100]), flag()
    model = Encoder(
        context=sequence + pick.choice([0, 5]),
        d_model=d_model,
        depth=pick.choice([1, 2, 3, 5]),
        embedding=Embedding(
            vocab=pick.choice([65, 256, 1000, 4099]), positions="learned" if flag(0.8) else "none", scaled=flag(0.2),
            spare_positions=pick.choice([0, 2]), dropout=pick.choice([0.0, drop]),
        ),
        token_types=pick.choice([None, 1, 2]),
        attention=attention,
        mlp=MLP(
            hidden=pick.choice([d_model, 4 * d_model, d_model + 5]), activation=pick.choice(ACTIVATIONS),
            gated=flag(0.2), bias=flag(0.8), dropout=pick.choice([0.0, drop]),
            hidden_dropout=pick.choice([0.0, 0.0, drop]),
        ),
        norm=Norm(kind=kind, placement=pick.choice(["post", "pre"]), bias=kind == "layer" and flag(0.8), final=final),
        **random_output(pick, final),
    )  # fmt: skip
    plan = Plan(
        batch=pick.choice([1, 2, 3]), sequence=sequence, precision=pick.choice(["fp32", "bf16", "pure-bf16"]),
        optimizer_implementation=pick.choice(["fused", "foreach"]), keep_logits=flag(),
        checkpointing=pick.choice(["none", "none", "block", "attention"]), checkpoint_every=pick.choice([1, 1, 2]),
        padding=flag(0.3),
    )  # fmt: skip
    return model, plan


def random_output(pick: random.Random, final: bool) -> dict[str, Any]:
    """A head, a pooler, or the final norm where there is one."""
    if pick.random() < 0.7:
        return {"head": MaskedHead(activation=pick.choice(ACTIVATIONS), tied=pick.random() < 0.5)}
    return {"pooler": not final or pick.random() < 0.5}


if __name__ == "__main__":
    generate.write(OUTPUT, [generate.record(*random_step(number)) for number in range(ROWS)])
