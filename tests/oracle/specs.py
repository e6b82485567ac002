"""Random models and plans, reproducible by their number."""

import dataclasses
import random

from advisor import spec
from advisor.spec import BDH, MLP, Attention, Decoder, Embedding, Encoder, Head, Model, MoE, Norm, Plan, Rotary
from advisor.spec.blocks import PLACEMENTS
from advisor.spec.seq2seq import MultiHeadAttention, RelativeBias, Seq2Seq, SequenceEmbedding

ROTARIES = (Rotary(), Rotary(base=500_000.0), Rotary(fraction=0.5))


def random_model(number: int) -> Decoder:
    """A decoder of any combination of options that meta tensors run as CUDA does: layer norms, dropout 0.

    On meta tensors RMS norms fall apart into elementary ops; CUDA has one kernel.
    """
    pick = random.Random(number)
    heads = pick.choice([1, 2, 3, 4, 6, 8])
    size = pick.choice([4, 8, 12, 16, 20, 32])

    def flag() -> bool:
        return pick.random() < 0.5

    d_model = heads * size
    attention = Attention(heads=heads, qkv_bias=flag(), out_bias=flag())
    if flag():
        attention = Attention(
            heads=heads, kv_heads=pick.choice([k for k in (1, 2, heads) if heads % k == 0]), head_size=size,
            projections="separate", qkv_bias=flag(), out_bias=flag(), rotary=pick.choice([None, *ROTARIES]),
        )  # fmt: skip
        d_model += pick.choice([0, 16])
    return Decoder(
        context=pick.choice([33, 64, 100]),
        d_model=d_model,
        depth=pick.choice([1, 2, 3, 5]),
        embedding=Embedding(
            vocab=pick.choice([11, 65, 256, 1000]), positions=pick.choice(["learned", "none"]), scaled=flag(),
            spare_positions=pick.choice([0, 2]),
        ),
        attention=attention,
        mlp=MLP(
            hidden=pick.choice([d_model, 4 * d_model, d_model + 5]), activation=pick.choice(["gelu", "relu", "silu"]),
            gated=flag(), bias=flag(),
        ),
        norm=Norm(placement=pick.choice(PLACEMENTS), bias=flag(), final=pick.random() < 0.8),
        head=Head(tied=flag(), bias=flag()),
    )  # fmt: skip


def random_moe(number: int) -> Decoder:
    """Such a decoder with a mixture of experts."""
    model, pick = random_model(number), random.Random(number)
    experts = pick.choice([2, 3, 8])
    moe = MoE(
        experts=experts, active=pick.choice([1, 2, experts]), hidden=pick.choice([16, 40]),
        activation=pick.choice(["gelu", "relu", "silu"]), gated=pick.random() < 0.7, normalized=pick.random() < 0.5,
        shared_hidden=pick.choice([None, 24, 33]),
    )  # fmt: skip
    attention = dataclasses.replace(model.attention, head_size=model.head_size)
    return dataclasses.replace(model, d_model=-(-model.d_model // 8) * 8, attention=attention, mlp=moe)


def with_positions(pick: random.Random, model: Decoder) -> Decoder:
    """The model with what x-transformers offers, each by chance."""
    attention, norm = model.attention, model.norm
    if attention.rotary is not None:
        attention = dataclasses.replace(
            attention, rotary=dataclasses.replace(attention.rotary, xpos=pick.random() < 0.7)
        )
    deep = pick.random() < 0.5
    return dataclasses.replace(
        model,
        attention=dataclasses.replace(attention, alibi_heads=pick.choice([0, 1, model.attention.heads])),
        norm=dataclasses.replace(
            norm, deepnorm=deep, residual_scale=pick.random() < 0.5, placement="post" if deep else norm.placement
        ),
        token_shift=model.d_model % 2 == 0 and pick.random() < 0.5,
    )


def with_windows(pick: random.Random, model: Decoder) -> Decoder:
    """The model with Gemma's windows and soft caps, each by chance."""
    attention = model.attention
    if attention.projections == "separate":
        attention = dataclasses.replace(attention, soft_cap=pick.choice([None, 50.0]))
    window = pick.choice([None, 1, 5, 20, 64])
    if window is not None:
        local = pick.choice([None, attention.rotary and dataclasses.replace(attention.rotary, base=1000.0)])
        every = pick.choice([None, 1, 2, 3])
        attention = dataclasses.replace(attention, window=window, global_every=every, local_rotary=local)
    head = dataclasses.replace(model.head, soft_cap=pick.choice([None, 30.0]))
    return dataclasses.replace(model, attention=attention, head=head, depth=pick.choice([1, 2, 3, 4, 5, 6, 7]))


def with_named(pick: random.Random, model: Decoder) -> Decoder:
    """The model with a window in some of its blocks, of which no cycle tells."""
    named = tuple(sorted(pick.sample(range(model.depth), pick.randint(0, model.depth - 1))))
    attention = dataclasses.replace(model.attention, window=pick.choice([1, 5, 20]), global_every=None)
    return dataclasses.replace(model, attention=dataclasses.replace(attention, global_blocks=named))


def with_dense_blocks(pick: random.Random, model: Decoder) -> Decoder:
    """The model with an MLP in the place of the experts of some blocks."""
    assert isinstance(model.mlp, MoE)
    model = dataclasses.replace(model, depth=pick.choice([2, 3, 5, 7]))
    named = tuple(sorted(pick.sample(range(model.depth), pick.choice([0, 0, 1, 2]))))
    mlp = dataclasses.replace(
        model.mlp, every=pick.choice([1, 2, 3]), dense_blocks=named, dense_hidden=pick.choice([24, 65])
    )
    return dataclasses.replace(model, mlp=mlp)


def random_windows(number: int) -> Decoder:
    """A decoder with Gemma's windows and soft caps, each by chance."""
    return with_windows(random.Random(number), random_model(number))


def random_positions(number: int) -> Decoder:
    """A decoder with ALiBi, xPos, token shift and DeepNorm, each by chance."""
    return with_positions(random.Random(number), random_model(number))


def random_bdh(number: int) -> BDH:
    """A BDH model without dropout."""
    pick = random.Random(number)
    return BDH(
        vocab=pick.choice([11, 65, 256, 1000]), context=pick.choice([33, 64, 100]), d_model=pick.choice([8, 16, 24]),
        depth=pick.choice([1, 2, 3, 5]), heads=pick.choice([1, 2, 4]), multiplier=pick.choice([4, 8, 16]),
    )  # fmt: skip


def random_seq2seq(number: int) -> Seq2Seq:
    """An encoder-decoder with layer norms and without dropout."""
    pick = random.Random(number)

    def flag() -> bool:
        return pick.random() < 0.5

    heads, size, apart = pick.choice([1, 2, 3, 4]), pick.choice([4, 8, 16, 20]), flag()
    d_model = heads * size + 8 * apart
    return Seq2Seq(
        context=pick.choice([33, 64]), d_model=d_model, encoder_depth=pick.choice([1, 2, 3, 5]),
        decoder_depth=pick.choice([1, 2, 3, 5]),
        embedding=SequenceEmbedding(
            vocab=pick.choice([11, 65, 256]), shared=flag(), scaled=flag(),
            positions=pick.choice(["sinusoidal", "learned", "none"]),
        ),
        attention=MultiHeadAttention(
            heads=heads, head_size=size if apart else None, qkv_bias=flag(), out_bias=flag(), scaled=flag()
        ),
        mlp=MLP(hidden=pick.choice([d_model, d_model + 5]), gated=flag(), bias=flag()),
        relative=RelativeBias(buckets=8) if flag() else None,
        norm=Norm(placement=pick.choice(["pre", "post"]), bias=flag(), final=flag()),
        head=Head(tied=flag(), bias=flag()),
        head_scaled=flag(),
    )  # fmt: skip


def random_encoder(number: int) -> Encoder:
    """An encoder with layer norms and without dropout, with or without a head."""
    pick = random.Random(number)
    heads = pick.choice([1, 2, 4])
    d_model = heads * pick.choice([8, 12, 16])
    headless, final, bias = pick.random() < 0.3, pick.random() < 0.5, pick.random() < 0.8
    return Encoder(
        context=pick.choice([33, 64, 100]), d_model=d_model, depth=pick.choice([1, 2, 3, 5]),
        pooler=headless and (not final or pick.random() < 0.5),
        embedding=Embedding(vocab=pick.choice([11, 65, 256, 1000]), spare_positions=pick.choice([0, 2])),
        token_types=pick.choice([None, 1, 2]),
        attention=Attention(
            heads=heads, projections=pick.choice(["fused", "separate"]), qkv_bias=bias, out_bias=pick.random() < 0.8
        ),
        mlp=MLP(hidden=pick.choice([d_model, 4 * d_model]), activation=pick.choice(["gelu", "relu"]), bias=bias),
        norm=Norm(placement=pick.choice(["pre", "post"]), bias=bias, final=final),
        head=None if headless else spec.MaskedHead(tied=pick.random() < 0.5),
    )  # fmt: skip


def random_plan(number: int, model: Model) -> Plan:
    """A plan that meta tensors can run: they take the math path of attention, and know no autocast."""
    pick = random.Random(number + 10**6)
    return Plan(
        batch=pick.choice([1, 2, 3]),
        sequence=pick.choice([2, 7, 16, 33]),
        target_sequence=pick.choice([None, 5, 16, 33]) if isinstance(model, Seq2Seq) else None,
        precision=pick.choice(["fp32", "pure-bf16"]),
        attention_kernel="math",
        checkpointing=pick.choice(["none", "none", "block", "attention" if isinstance(model, Decoder) else "block"]),
        checkpoint_every=pick.choice([1, 2, 3]) if isinstance(model, Decoder) else 1,
        parametrization=pick.choice(["standard", "standard", "mup"]),
    )
