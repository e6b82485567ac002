"""What every family with attention reads off its widths."""

from dataclasses import replace
from typing import Any, Self

from advisor.spec.check import Size


class WithAttention:
    """A spec that has a `d_model` and the blocks `embedding`, `attention` and `mlp`."""

    d_model: Size
    embedding: Any
    attention: Any
    mlp: Any

    @property
    def head_size(self) -> Size:
        """Width of one attention head: d_model / heads unless given."""
        given = self.attention.head_size
        return self.d_model // self.attention.heads if given is None else given

    def with_dropout(self, dropout: float) -> Self:
        """The same model with `dropout` wherever this family drops: embedding, attention, MLP output."""
        dropping = {name: replace(getattr(self, name), dropout=dropout) for name in ("embedding", "attention", "mlp")}
        return replace(self, **dropping)  # type: ignore[type-var]  # every family is a dataclass


class WithGroupedHeads(WithAttention):
    """One whose query heads may share keys and values."""

    @property
    def kv_heads(self) -> Size:
        """Heads of keys and values: as many as of queries unless given."""
        given = self.attention.kv_heads
        return self.attention.heads if given is None else given
