"""The sequence-to-sequence family: encoder-decoders, from the 2017 Transformer to T5."""

from dataclasses import dataclass, field
from typing import Literal

from advisor.spec import check
from advisor.spec.blocks import MLP, Head, Norm
from advisor.spec.check import Size
from advisor.spec.with_attention import WithAttention

POSITIONS = ("sinusoidal", "learned", "none")
PLACEMENTS = ("pre", "post")


@dataclass(frozen=True, kw_only=True)
class SequenceEmbedding:
    """Token embeddings of source and target: x_BTD = dropout(token[ids_BT] + position[:T]).

    `shared`: one token table for both, else one each. Positions: a fixed table of sines (Vaswani et al. 2017), a
    learned table each for source and target, or none. `scaled` multiplies the token embedding by sqrt(d_model).
    """

    vocab: Size  # [tokens] of source and target
    shared: bool = True
    positions: Literal["sinusoidal", "learned", "none"] = "sinusoidal"
    scaled: bool = False
    dropout: float = 0.0

    def check(self, path: str) -> None:
        check.whole(f"{path}.vocab", self.vocab, check.MAX_VOCAB)
        check.flag(f"{path}.shared", self.shared)
        check.choice(f"{path}.positions", self.positions, POSITIONS)
        check.flag(f"{path}.scaled", self.scaled)
        check.fraction(f"{path}.dropout", self.dropout)


@dataclass(frozen=True, kw_only=True)
class MultiHeadAttention:
    """Attention of `heads` heads with a weight each for q, k and v: to itself, or to the encoder's output.

    `head_size` is d_model / heads unless given (T5's d_kv). `scaled`: scores are divided by sqrt(head_size); T5's are
    not. `dropout` acts on the attention weights and on the output.
    """

    heads: Size
    head_size: Size | None = None
    qkv_bias: bool = True
    out_bias: bool = True
    scaled: bool = True
    dropout: float = 0.0

    def check(self, path: str) -> None:
        check.whole(f"{path}.heads", self.heads, check.MAX_WIDTH)
        if self.head_size is not None:
            check.whole(f"{path}.head_size", self.head_size, check.MAX_WIDTH)
        check.flag(f"{path}.qkv_bias", self.qkv_bias)
        check.flag(f"{path}.out_bias", self.out_bias)
        check.flag(f"{path}.scaled", self.scaled)
        check.fraction(f"{path}.dropout", self.dropout)


@dataclass(frozen=True, kw_only=True)
class RelativeBias:
    """T5's relative positions (Raffel et al. 2020): a number for each head and bucket of distances, added to scores.

    Half of the buckets stand for one distance each, the others grow up to `max_distance`; beyond it there is one. The
    first layer of a stack holds the numbers, all its layers add them. Cross-attention has none.
    """

    buckets: Size = 32
    max_distance: Size = 128  # [tokens]

    def check(self, path: str) -> None:
        check.whole(f"{path}.buckets", self.buckets, check.MAX_CONTEXT, 4)
        check.even(f"{path}.buckets", self.buckets)
        check.whole(f"{path}.max_distance", self.max_distance, check.MAX_CONTEXT)
        check.at_most(f"{path}.buckets", self.buckets, f"{path}.max_distance", self.max_distance)


@dataclass(frozen=True, kw_only=True)
class Seq2Seq(WithAttention):
    """An encoder of blocks (attention, MLP) and a decoder (self- and cross-attention, MLP), of one shape.

    `norm.final`: a norm, and the embedding's dropout once more where `final_dropout`, after each stack. A tied
    head is the target's token table; `head_scaled` multiplies its input by d_model^-0.5, as T5 does where it is tied.
    Raises InputError or UnknownError, with the field's path, for what cannot be built.
    """

    context: Size  # longest source and longest target [tokens]
    d_model: Size
    encoder_depth: Size
    decoder_depth: Size
    embedding: SequenceEmbedding
    attention: MultiHeadAttention
    mlp: MLP
    relative: RelativeBias | None = None
    norm: Norm = field(default_factory=Norm)
    final_dropout: bool = False
    head: Head = field(default_factory=Head)
    head_scaled: bool = False

    def __post_init__(self) -> None:
        check.whole("model.context", self.context, check.MAX_CONTEXT)
        check.whole("model.d_model", self.d_model, check.MAX_WIDTH)
        check.whole("model.encoder_depth", self.encoder_depth, check.MAX_DEPTH)
        check.whole("model.decoder_depth", self.decoder_depth, check.MAX_DEPTH)
        for name in ("embedding", "attention", "mlp", "norm", "head"):
            getattr(self, name).check(f"model.{name}")
        if self.relative is not None:
            self.relative.check("model.relative")
        check.choice("model.norm.placement", self.norm.placement, PLACEMENTS)
        check.flag("model.final_dropout", self.final_dropout)
        check.flag("model.head_scaled", self.head_scaled)
        if self.attention.head_size is None:
            check.divides("model.attention.heads", self.attention.heads, "model.d_model", self.d_model)

    @property
    def after_stack(self) -> float:
        """Dropout after each stack."""
        return self.embedding.dropout if self.final_dropout else 0.0
