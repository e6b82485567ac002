"""The encoder family: bidirectional models that fill in masked tokens, such as BERT and RoBERTa."""

from dataclasses import dataclass, field

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.blocks import ACTIVATIONS, MLP, Activation, Attention, Embedding, Norm
from advisor.spec.check import Size
from advisor.spec.with_attention import WithGroupedHeads


@dataclass(frozen=True, kw_only=True)
class MaskedHead:
    """Logits of every position: decoder(norm(activation(dense(x)))), D -> D -> vocab, the decoder with a bias.

    `tied` shares the token embedding's weight.
    """

    activation: Activation = "gelu"
    tied: bool = True

    def check(self, path: str) -> None:
        check.choice(f"{path}.activation", self.activation, ACTIVATIONS)
        check.flag(f"{path}.tied", self.tied)


@dataclass(frozen=True, kw_only=True)
class Encoder(WithGroupedHeads):
    """Embedding with a norm, `depth` identical blocks of bidirectional attention and MLP, head or pooler.

    The embedding adds the first of `token_types` rows at every position. Without a head the output is that of
    the final norm, or the `pooler`'s: tanh(W x + b) of the first token (BertModel's pooler_output). What is trained
    without a head stands for a task's own loss: the mean of the output.
    Raises InputError or UnknownError, with the field's path, for what cannot be built.
    """

    context: Size  # longest sequence [tokens]; rows of the position table
    d_model: Size
    depth: Size
    embedding: Embedding
    token_types: Size | None = 2  # rows of the token type table; None: no table
    attention: Attention
    mlp: MLP
    norm: Norm = field(default_factory=lambda: Norm(placement="post", final=False))
    pooler: bool = False
    head: MaskedHead | None = None

    def __post_init__(self) -> None:
        check.whole("model.context", self.context, check.MAX_CONTEXT)
        check.whole("model.d_model", self.d_model, check.MAX_WIDTH)
        check.whole("model.depth", self.depth, check.MAX_DEPTH)
        if self.token_types is not None:
            check.whole("model.token_types", self.token_types, check.MAX_VOCAB)
        for name in ("embedding", "attention", "mlp", "norm"):
            getattr(self, name).check(f"model.{name}")
        if self.attention.head_size is None:
            check.divides("model.attention.heads", self.attention.heads, "model.d_model", self.d_model)
        if self.attention.rotary is not None:
            raise InputError("model.attention.rotary", expected="none in an encoder", got=self.attention.rotary)
        if self.attention.window is not None or self.attention.soft_cap is not None:
            raise InputError("model.attention", expected="no window and no soft_cap in an encoder", got=self.attention)
        if self.attention.alibi_heads:
            raise InputError("model.attention.alibi_heads", expected="0 in an encoder", got=self.attention.alibi_heads)
        check.choice("model.norm.placement", self.norm.placement, ("pre", "post"))
        check.flag("model.pooler", self.pooler)
        self._check_head()

    def _check_head(self) -> None:
        if self.head is None:
            if not (self.pooler or self.norm.final):
                raise InputError("model.pooler", expected="true, without a head and a final norm", got=False)
            return
        self.head.check("model.head")
        if self.pooler:
            raise InputError("model.pooler", expected="false beside a head: the loss does not reach it", got=True)

    def masked(self, sequence: Size) -> bool:
        """Whether scores are masked by more than the plan's padding: never."""
        return False

    @property
    def token_shift(self) -> bool:
        """Whether half of each block's input comes from the token before: never."""
        return False
