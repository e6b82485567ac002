"""Random decoders and plans, reproducible by their number."""

import random

from advisor.spec import MLP, Attention, Decoder, Embedding, Head, Norm, Plan


def random_model(number: int) -> Decoder:
    """A decoder with any combination of the family's options; dropout 0."""
    pick = random.Random(number)
    heads = pick.choice([1, 2, 3, 4, 6, 8])
    d_model = heads * pick.choice([4, 8, 12, 16, 20, 32])

    def flag() -> bool:
        return pick.random() < 0.5

    return Decoder(
        context=pick.choice([33, 64, 100]),
        d_model=d_model,
        depth=pick.choice([1, 2, 3, 5]),
        embedding=Embedding(vocab=pick.choice([11, 65, 256, 1000])),
        attention=Attention(heads=heads, qkv_bias=flag(), out_bias=flag()),
        mlp=MLP(
            hidden=pick.choice([d_model, 4 * d_model, d_model + 5]),
            activation=pick.choice(["gelu", "relu"]),
            bias=flag(),
        ),
        norm=Norm(placement=pick.choice(["pre", "post"]), bias=flag()),
        head=Head(tied=flag(), bias=flag()),
    )


def random_plan(number: int, model: Decoder) -> Plan:
    """A plan that meta tensors can run: they take the math path of attention, and know no autocast."""
    pick = random.Random(number + 10**6)
    return Plan(
        batch=pick.choice([1, 2, 3]),
        sequence=pick.choice([2, 7, 16, 33]),
        precision=pick.choice(["fp32", "pure-bf16"]),
        attention_kernel="math",
        checkpointing=pick.choice(["none", "none", "block"]),
    )
