"""What every family with attention reads off its widths."""

from typing import Any

from advisor.spec.check import Size


class WithAttention:
    """A spec that has a `d_model` and an `attention` block."""

    attention: Any
    d_model: Size

    @property
    def head_size(self) -> Size:
        """Width of one attention head: d_model / heads unless given."""
        given = self.attention.head_size
        return self.d_model // self.attention.heads if given is None else given


class WithGroupedHeads(WithAttention):
    """One whose query heads may share keys and values."""

    @property
    def kv_heads(self) -> Size:
        """Heads of keys and values: as many as of queries unless given."""
        given = self.attention.kv_heads
        return self.attention.heads if given is None else given
