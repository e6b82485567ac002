"""The models whose learning rate the benchmark looks for: character models, trained for STEPS steps each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from advisor.spec import BDH, MLP, Attention, Decoder, Embedding, Model, Norm, Plan, Rotary

STEPS = 500  # of a full trial
SEQUENCE = 32
WIDTHS = (16, 32, 64, 128)  # over which the best learning rate drifts, or does not
BASE_WIDTH = 32


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model by the size of its vocabulary, and its plan. Rules were not looked at on shapes that are `held_out`."""

    name: str
    model: Callable[[int], Model]
    plan: Plan
    held_out: bool = False


def gpt(name: str, *, d_model: int, depth: int, heads: int, batch: int = 8, dropout: float = 0.0, **more: Any) -> Shape:
    """GPT-2 in small; `more` are fields of the shape or of the plan."""
    held_out = more.pop("held_out", False)

    def model(vocab: int) -> Model:
        return Decoder.gpt(
            vocab=vocab, context=SEQUENCE, d_model=d_model, depth=depth, heads=heads, dropout=dropout
        )  # fmt: skip

    plan = Plan(batch=batch, sequence=SEQUENCE, precision="fp32", **more)
    return Shape(name=name, model=model, plan=plan, held_out=held_out)


def llama(vocab: int) -> Model:
    """Rotary positions, RMS norms, a gated MLP, an untied head."""
    return Decoder(
        context=SEQUENCE, d_model=64, depth=2, embedding=Embedding(vocab=vocab, positions="none"),
        attention=Attention(
            heads=4, kv_heads=2, projections="separate", qkv_bias=False, out_bias=False, rotary=Rotary()
        ),
        mlp=MLP(hidden=160, activation="silu", gated=True, bias=False), norm=Norm(kind="rms", bias=False),
    )  # fmt: skip


def bdh(vocab: int) -> Model:
    """Dragon Hatchling."""
    return BDH(vocab=vocab, context=SEQUENCE, d_model=32, depth=3, heads=2, multiplier=16)


def drifting(width: int, parametrization: str) -> Shape:
    """Two blocks of this width with heads of 16."""
    name = f"2 x {width}" + (" mup" if parametrization == "mup" else "")
    return gpt(
        name, d_model=width, depth=2, heads=width // 16, parametrization=parametrization, base_width=BASE_WIDTH
    )  # fmt: skip


SMALL = Plan(batch=8, sequence=SEQUENCE, precision="fp32")
SHAPES = (
    *(drifting(width, "standard") for width in WIDTHS),
    gpt("4 x 48", d_model=48, depth=4, heads=3),
    gpt("1 x 64, batch 32", d_model=64, depth=1, heads=4, batch=32),
    gpt("3 x 96, dropout", d_model=96, depth=3, heads=3, dropout=0.1),
    *(drifting(width, "mup") for width in WIDTHS),
    gpt("3 x 80, batch 16", d_model=80, depth=3, heads=5, batch=16, held_out=True),
    Shape(name="2 x 64, Llama's block", model=llama, plan=SMALL, held_out=True),
    Shape(name="3 x 32, BDH", model=bdh, plan=SMALL, held_out=True),
    gpt("5 x 40", d_model=40, depth=5, heads=2, held_out=True),
)
