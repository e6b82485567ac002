"""The models whose learning rate the benchmark looks for: character models, trained for STEPS steps each."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from advisor.spec import BDH, MLP, Attention, Decoder, Embedding, Model, Norm, Plan, Rotary

STEPS = 500  # of a full trial
# 7e-4 to 0.13, three quarters of an octave apart
GRID = tuple(float(f"{2.5e-4 * 180 ** (i / 10):.3g}") for i in range(2, 13))
SEQUENCE = 32
WIDTHS = (16, 32, 64, 128)  # over which the best learning rate drifts, or does not
BASE_WIDTH = 32
SMALL = Plan(batch=8, sequence=SEQUENCE, precision="fp32")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model by the size of its vocabulary, and its plan. No constant was calibrated on shapes that are `held_out`.

    All learning rates of one of the `seeds` see the same weights and batches. The first seed trains at all `rates`, the
    others at those around the best: GRID from and to these places.
    """

    name: str
    model: Callable[[int], Model]
    plan: Plan
    held_out: bool = False
    seeds: tuple[int, ...] = (1, 2, 3)
    rates: tuple[float, ...] = GRID
    around: tuple[int, int]

    @property
    def runs(self) -> Iterator[tuple[int, float]]:
        """Seeds and learning rates of the full trials."""
        first, last = self.around
        yield from ((self.seeds[0], rate) for rate in self.rates)
        yield from ((seed, rate) for seed in self.seeds[1:] for rate in GRID[first : last + 1])


def gpt(
    name: str, *, d_model: int, depth: int, heads: int, plan: Plan | None = None, dropout: float = 0.0, **more: Any
) -> Shape:
    """GPT-2 in small; `more` are fields of the shape."""

    def model(vocab: int) -> Model:
        return Decoder.gpt(vocab=vocab, context=SEQUENCE, d_model=d_model, depth=depth, heads=heads, dropout=dropout)

    return Shape(name=name, model=model, plan=SMALL if plan is None else plan, **more)


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


def drifting(width: int, **more: Any) -> Shape:
    """Two blocks of this width with heads of 16."""
    return gpt(f"2 x {width}", d_model=width, depth=2, heads=width // 16, **more)


def drifting_mup(width: int) -> Shape:
    """The same with mup, only at rates around the best."""
    plan = dataclasses.replace(SMALL, parametrization="mup", base_width=BASE_WIDTH)
    shape = drifting(width, plan=plan, seeds=(1, 2, 3, 4), rates=GRID[3:8], around=(3, 7))
    return dataclasses.replace(shape, name=f"{shape.name} mup")


SHAPES = (
    drifting(16, around=(4, 9)),
    drifting(32, around=(3, 7), seeds=(1, 2, 3, 4)),
    drifting(64, around=(3, 7)),
    drifting(128, around=(1, 5)),
    gpt("4 x 48", d_model=48, depth=4, heads=3, around=(4, 8)),
    gpt("1 x 64, batch 32", d_model=64, depth=1, heads=4, around=(3, 6), plan=dataclasses.replace(SMALL, batch=32)),
    gpt("3 x 96, dropout", d_model=96, depth=3, heads=3, dropout=0.1, around=(3, 6)),
    *(drifting_mup(width) for width in WIDTHS if width != BASE_WIDTH),
    Shape(name="2 x 64, Llama's block", model=llama, plan=SMALL, held_out=True, around=(1, 6)),
    Shape(name="3 x 32, BDH", model=bdh, plan=SMALL, held_out=True, around=(4, 9)),
    gpt("5 x 40", d_model=40, depth=5, heads=2, held_out=True, around=(4, 8)),
)
