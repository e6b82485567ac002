"""The parameter count of textbooks for a transformer, beside the exact one, part by part.

Embedding V d, attention 4 d^2 and feed-forward network 8 d^2 + 5 d in each block, output projection V d; the blocks of
an encoder and those of a decoder count alike. The formula leaves out cross-attention, norms, the biases of attention
and of the output, learned positions; it takes the network to be 4 d wide, without a gate, and the output untied.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.errors import InputError
from advisor.ledger.machine import Parameter
from advisor.ledger.step import run_step
from advisor.spec import BDH, Decoder, Encoder, Model, Plan, Seq2Seq

# The book's own example, V = 30,000, d = 512, 6 + 6 blocks, as printed. Its formula gives 68,499,456: the book takes
# 8 x 512^2 for 2,101,760, which is 2,097,152, so it has 4,608 too many in each of the 12 blocks.
PRINTED_EXAMPLE = 68_554_752

PARTS = (
    "embedding", "positions", "self-attention", "attention biases", "cross-attention", "feed-forward", "norms",
    "output", "other",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Part:
    """Weights of one part of a model, by the textbook and as they are."""

    name: str
    textbook: int
    exact: int


def textbook_parameters(*, vocab: int, d_model: int, blocks: int) -> dict[str, int]:
    """Weights by part; `blocks` are those of the encoder and of the decoder together.

    >>> sum(textbook_parameters(vocab=30_000, d_model=512, blocks=6 + 6).values())
    68499456
    """
    return {
        "embedding": vocab * d_model,
        "self-attention": blocks * 4 * d_model**2,
        "feed-forward": blocks * (8 * d_model**2 + 5 * d_model),
        "output": vocab * d_model,
    }


def textbook(model: Model) -> list[Part]:
    """Each part that the formula or the model has. Raises InputError for a model that is no transformer."""
    if isinstance(model, BDH):
        raise InputError("textbook count", expected="a transformer", got="BDH")
    parameters = run_step(model, Plan(batch=1, sequence=1)).parameters
    exact = dict.fromkeys(PARTS, 0)
    for p in parameters:
        exact[_part(p)] += p.numel * p.repeat
    claimed = textbook_parameters(vocab=int(model.embedding.vocab), d_model=int(model.d_model), blocks=_blocks(model))
    parts = (Part(name=name, textbook=claimed.get(name, 0), exact=exact[name]) for name in PARTS)
    return [part for part in parts if part.textbook or part.exact]


def _blocks(model: Decoder | Encoder | Seq2Seq) -> int:
    if isinstance(model, Seq2Seq):
        return int(model.encoder_depth + model.decoder_depth)
    return int(model.depth)


def _part(p: Parameter) -> str:
    if p.role == "position":
        return "positions"
    if p.role == "head" or p.path == "head.bias":
        return "output"
    if p.role == "embedding":
        return "embedding"
    if "norm" in p.path:
        return "norms"
    if ".cross." in p.path:
        return "cross-attention"
    if ".mlp." in p.path:
        return "feed-forward"
    if ".attention." in p.path:
        return "attention biases" if p.role == "bias" else "self-attention"
    return "other"
