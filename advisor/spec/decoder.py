"""The decoder family: causal language models."""

import math
from dataclasses import dataclass, field

from advisor.spec import check
from advisor.spec.blocks import MLP, Attention, Embedding, Head, MoE, Norm
from advisor.spec.check import Size
from advisor.spec.with_attention import WithGroupedHeads


@dataclass(frozen=True, kw_only=True)
class Decoder(WithGroupedHeads):
    """Embedding, `depth` identical blocks (attention, MLP or experts), final norm, head: from GPT-2 to Llama and Gemma.

    `token_shift`: of what attention and the MLP read, the second half of the channels comes from the token before.
    Raises InputError or UnknownError, with the field's path, for what cannot be built.
    """

    context: Size  # longest sequence [tokens]; rows of the position table
    d_model: Size
    depth: Size
    embedding: Embedding
    attention: Attention
    mlp: MLP | MoE
    norm: Norm = field(default_factory=Norm)
    head: Head = field(default_factory=Head)
    token_shift: bool = False

    def __post_init__(self) -> None:
        check.whole("model.context", self.context, check.MAX_CONTEXT)
        check.whole("model.d_model", self.d_model, check.MAX_WIDTH)
        check.whole("model.depth", self.depth, check.MAX_DEPTH)
        for name in ("embedding", "attention", "mlp", "norm", "head"):
            getattr(self, name).check(f"model.{name}")
        if isinstance(self.mlp, MoE):
            check.multiple("model.d_model", self.d_model, 8)
        if self.attention.head_size is None:
            check.divides("model.attention.heads", self.attention.heads, "model.d_model", self.d_model)
        check.flag("model.token_shift", self.token_shift)
        if self.token_shift:
            check.even("model.d_model, with token_shift", self.d_model)
        if self.attention.rotary is not None:
            part = "model.attention.rotary: the rotated part of a head"
            check.whole(part, self.rotated, check.MAX_WIDTH, 2)
            check.even(part, self.rotated)

    @classmethod
    def gpt(
        cls, *, vocab: Size, context: Size, d_model: Size, depth: Size, heads: Size,
        hidden: Size | None = None, dropout: float = 0.0, bias: bool = True, tied: bool = True,
    ) -> "Decoder":  # fmt: skip
        """GPT-2 / nanoGPT: one dropout and one bias switch for all blocks, hidden = 4 * d_model unless given."""
        return cls(
            context=context,
            d_model=d_model,
            depth=depth,
            embedding=Embedding(vocab=vocab, dropout=dropout),
            attention=Attention(heads=heads, qkv_bias=bias, out_bias=bias, dropout=dropout),
            mlp=MLP(hidden=4 * d_model if hidden is None else hidden, bias=bias, dropout=dropout),
            norm=Norm(bias=bias),
            head=Head(tied=tied),
        )

    def masked(self, sequence: Size) -> bool:
        """Whether scores of some block are masked by more than their order, whatever else the plan says."""
        window = self.attention.window
        if self.attention.alibi_heads > 0 or self.attention.soft_cap is not None:
            return True
        return window is not None and check.any_of(window < sequence)

    @property
    def cycle(self) -> int:
        """After how many blocks the pattern of windows and experts recurs."""
        every = self.mlp.every if isinstance(self.mlp, MoE) else 1
        return math.lcm(self.attention.global_every or 1, every)

    @property
    def irregular(self) -> int:
        """So many blocks, from the first on, are in no such pattern: those up to the last that is named."""
        named = self.attention.global_blocks or ()
        if isinstance(self.mlp, MoE):
            named += self.mlp.dense_blocks
        return max(named, default=-1) + 1

    def local(self, block: int) -> bool:
        """Whether this block has a window."""
        a = self.attention
        if a.global_blocks is not None:
            return block not in a.global_blocks
        return a.window is not None and (a.global_every is None or (block + 1) % a.global_every != 0)

    def mlp_of(self, block: int) -> MLP | MoE:
        """What follows attention in this block."""
        mlp = self.mlp
        if isinstance(mlp, MoE) and mlp.dense and (block in mlp.dense_blocks or (block + 1) % mlp.every != 0):
            return mlp.dense
        return mlp

    @property
    def rotated(self) -> Size:
        """Width of the rotated part of a head; 0 without rotary positions."""
        rotary = self.attention.rotary
        return 0 if rotary is None else (self.head_size * round(rotary.fraction * 1000)) // 1000
