"""The BDH family: Dragon Hatchling language models."""

import dataclasses
from dataclasses import dataclass

from advisor.spec import check
from advisor.spec.check import Size


@dataclass(frozen=True, kw_only=True)
class BDH:
    """Dragon Hatchling (Kosowski et al. 2025): `depth` levels that share all their weights.

    Each level lifts x to `heads` sparse vectors of N = multiplier * d_model / heads, attends linearly between them and
    comes back to d_model. `context` is the longest sequence that training uses; positions are rotary, nothing grows
    with it.
    Raises InputError, with the field's path, for what cannot be built.
    """

    vocab: Size  # [tokens]
    context: Size  # [tokens]
    d_model: Size
    depth: Size
    heads: Size
    multiplier: Size
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check.whole("model.vocab", self.vocab, check.MAX_VOCAB)
        check.whole("model.context", self.context, check.MAX_CONTEXT)
        check.whole("model.d_model", self.d_model, check.MAX_WIDTH)
        check.whole("model.depth", self.depth, check.MAX_DEPTH)
        check.whole("model.heads", self.heads, check.MAX_WIDTH)
        check.whole("model.multiplier", self.multiplier, check.MAX_WIDTH)
        check.fraction("model.dropout", self.dropout)
        check.divides("model.heads", self.heads, "model.multiplier * model.d_model", self.multiplier * self.d_model)
        check.even("model.multiplier * model.d_model / model.heads", self.neurons)

    @property
    def neurons(self) -> Size:
        """N, the width of one head's sparse vectors; rotary positions turn them in pairs."""
        return self.multiplier * self.d_model // self.heads

    def with_dropout(self, dropout: float) -> "BDH":
        """The same model with this dropout."""
        return dataclasses.replace(self, dropout=dropout)
