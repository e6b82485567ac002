"""The models whose learning rate the benchmark looks for: character models, trained for STEPS steps each."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from advisor.spec import BDH, MLP, Attention, Decoder, Embedding, Model, Norm, Plan, Rotary
from studies.records import Kind
from studies.trial import lr_answer

STEPS = 500  # of a full trial
# 7e-4 to 0.13, three quarters of an octave apart
GRID = tuple(float(f"{2.5e-4 * 180 ** (i / 10):.3g}") for i in range(2, 13))
SEQUENCE = 32
WIDTHS = (16, 32, 64, 128, 256)  # over which the best learning rate drifts, or does not
BASES = (None, 32, 256)  # widths that mup carries from; None: the standard parametrization
SMALL = Plan(batch=8, sequence=SEQUENCE, precision="fp32")
LONGER = dataclasses.replace(SMALL, sequence=2 * SEQUENCE)
SHORTER = dataclasses.replace(SMALL, batch=16, sequence=SEQUENCE // 2)


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
    def kind(self) -> Kind:
        """Of the model's blocks."""
        return lr_answer.kind_of(self.model(2))

    @property
    def runs(self) -> Iterator[tuple[int, float]]:
        """Seeds and learning rates of the full trials."""
        first, last = self.around
        yield from ((self.seeds[0], rate) for rate in self.rates)
        yield from ((seed, rate) for seed in self.seeds[1:] for rate in GRID[first : last + 1])


def gpt(
    name: str, *, d_model: int, depth: int, heads: int, plan: Plan = SMALL, dropout: float = 0.0, **more: Any
) -> Shape:
    """GPT-2 in small; `more` are fields of the shape."""

    def model(vocab: int) -> Model:
        return Decoder.gpt(
            vocab=vocab, context=int(plan.sequence), d_model=d_model, depth=depth, heads=heads, dropout=dropout
        )

    return Shape(name=name, model=model, plan=plan, **more)


def llama(name: str, *, d_model: int, depth: int, heads: int, **more: Any) -> Shape:
    """Rotary positions, RMS norms, a gated MLP, an untied head."""

    def model(vocab: int) -> Model:
        return Decoder(
            context=SEQUENCE, d_model=d_model, depth=depth, embedding=Embedding(vocab=vocab, positions="none"),
            attention=Attention(
                heads=heads, kv_heads=2, projections="separate", qkv_bias=False, out_bias=False, rotary=Rotary()
            ),
            mlp=MLP(hidden=5 * d_model // 2, activation="silu", gated=True, bias=False),
            norm=Norm(kind="rms", bias=False),
        )  # fmt: skip

    return Shape(name=name, model=model, plan=SMALL, **more)


def bdh(name: str, *, d_model: int, depth: int, **more: Any) -> Shape:
    """Dragon Hatchling."""

    def model(vocab: int) -> Model:
        return BDH(vocab=vocab, context=SEQUENCE, d_model=d_model, depth=depth, heads=2, multiplier=16)

    return Shape(name=name, model=model, plan=SMALL, **more)


def drifting(width: int, **more: Any) -> Shape:
    """Two blocks of this width with heads of 16."""
    return gpt(f"2 x {width}", d_model=width, depth=2, heads=width // 16, **more)


def drifting_mup(width: int, base: int, first: int, last: int, seeds: tuple[int, ...]) -> Shape:
    """The same with mup, only at rates around the best: from and to these places in GRID."""
    plan = dataclasses.replace(SMALL, parametrization="mup", base_width=base)
    shape = drifting(width, plan=plan, seeds=seeds, rates=GRID[first : last + 1], around=(first, last))
    return dataclasses.replace(shape, name=of_width(width, base))


def of_width(width: int, base: int | None) -> str:
    """The name of the shape of a width with mup, or with the standard parametrization, which is mup's at its base."""
    return f"2 x {width}" if base in (None, width) else f"2 x {width}, mup of {base}"


def scaled(shape: Shape) -> Shape:
    """With embeddings times the root of the base width, as Vaswani et al. 2017 have it (section 3.4)."""

    def model(vocab: int) -> Model:
        made = shape.model(vocab)
        assert isinstance(made, Decoder)
        return dataclasses.replace(made, embedding=dataclasses.replace(made.embedding, scaled=True))

    return dataclasses.replace(shape, name=f"{shape.name}, scaled", model=model)


SHAPES = (
    drifting(16, around=(4, 9)),
    drifting(32, around=(3, 7), seeds=(1, 2, 3, 4)),
    drifting(64, around=(3, 7)),
    drifting(128, around=(1, 5)),
    gpt("4 x 48", d_model=48, depth=4, heads=3, around=(4, 8)),
    gpt("1 x 64, batch 32", d_model=64, depth=1, heads=4, around=(3, 6), plan=dataclasses.replace(SMALL, batch=32)),
    gpt("3 x 96, dropout", d_model=96, depth=3, heads=3, dropout=0.1, around=(3, 6)),
    llama("2 x 64, Llama's block", d_model=64, depth=2, heads=4, around=(1, 6)),
    bdh("3 x 32, BDH", d_model=32, depth=3, around=(4, 9)),
    gpt("5 x 40", d_model=40, depth=5, heads=2, around=(4, 8)),
    gpt("6 x 64", d_model=64, depth=6, heads=4, around=(3, 6)),
    gpt("1 x 96, context 64", d_model=96, depth=1, heads=3, plan=LONGER, around=(3, 6)),
    gpt("2 x 80, 16 of context 16", d_model=80, depth=2, heads=5, plan=SHORTER, around=(2, 5)),
    llama("4 x 48, Llama's block", d_model=48, depth=4, heads=4, around=(2, 6)),
    bdh("2 x 48, BDH", d_model=48, depth=2, around=(3, 8)),
    llama("3 x 56, Llama's block", d_model=56, depth=3, heads=4, held_out=True, around=(2, 6)),
    bdh("4 x 40, BDH", d_model=40, depth=4, held_out=True, around=(7, 10)),
    gpt("4 x 32, context 64", d_model=32, depth=4, heads=2, plan=LONGER, held_out=True, around=(5, 9)),
    llama("2 x 40, Llama's block", d_model=40, depth=2, heads=4, held_out=True, around=(1, 5)),
    bdh("3 x 24, BDH", d_model=24, depth=3, held_out=True, around=(7, 10)),
    gpt("3 x 64", d_model=64, depth=3, heads=4, held_out=True, around=(2, 6)),
)
# no sweeps of these: only where the learning rate is best
FOUR, THREE = (1, 2, 3, 4), (1, 2, 3)
DRIFTING = (
    *(drifting_mup(width, 32, 3, 7, FOUR) for width in (16, 64, 128)),
    drifting_mup(256, 32, 3, 6, THREE),
    *(drifting_mup(width, 256, 0, 4, THREE) for width in (16, 32)),
    *(drifting_mup(width, 256, 0, 3, THREE) for width in (64, 128)),
    drifting(256, rates=GRID[:3], around=(0, 2)),
    scaled(drifting_mup(16, 32, 3, 7, FOUR)),
)
