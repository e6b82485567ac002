"""The blocks a model is declared with: frozen, keyword-only, checked with the field's path.

Sizes are an int, or a numpy int64 column of candidates that share everything else.
"""

from dataclasses import dataclass
from typing import Literal

from advisor.spec import check
from advisor.spec.check import Size

ACTIVATIONS = ("gelu", "relu")


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Token embedding plus learned positions: x_BTD = dropout(token[ids_BT] + position[:T]).

    How we differ: the 2017 Transformer multiplies the token embedding by sqrt(d_model); GPT-2 does not, nor do we.
    """

    vocab: Size  # [tokens]
    dropout: float = 0.0

    def check(self, path: str) -> None:
        check.whole(f"{path}.vocab", self.vocab, check.MAX_VOCAB)
        check.fraction(f"{path}.dropout", self.dropout)


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Causal multi-head self-attention with fused q, k, v: one [3D, D] weight, one [D, D] output weight.

    `dropout` acts on the attention weights and on the output, as in GPT-2.
    How we differ: seed code that keeps a Linear per head and per q/k/v has the same parameters, fused here.
    """

    heads: Size
    qkv_bias: bool = True
    out_bias: bool = True
    dropout: float = 0.0

    def check(self, path: str) -> None:
        check.whole(f"{path}.heads", self.heads, check.MAX_WIDTH)
        check.flag(f"{path}.qkv_bias", self.qkv_bias)
        check.flag(f"{path}.out_bias", self.out_bias)
        check.fraction(f"{path}.dropout", self.dropout)


@dataclass(frozen=True, kw_only=True)
class MLP:
    """Position-wise feed-forward network: down(activation(up(x))), D -> hidden -> D.

    `dropout` acts on the output (GPT-2); `hidden_dropout` after the activation (nn.TransformerEncoderLayer has both).
    """

    hidden: Size
    activation: Literal["gelu", "relu"] = "gelu"
    bias: bool = True
    dropout: float = 0.0
    hidden_dropout: float = 0.0

    def check(self, path: str) -> None:
        check.whole(f"{path}.hidden", self.hidden, check.MAX_WIDTH * 8)
        check.choice(f"{path}.activation", self.activation, ACTIVATIONS)
        check.flag(f"{path}.bias", self.bias)
        check.fraction(f"{path}.dropout", self.dropout)
        check.fraction(f"{path}.hidden_dropout", self.hidden_dropout)


@dataclass(frozen=True, kw_only=True)
class Norm:
    """Layer norm with a weight and, if `bias`, a bias; before each sublayer (pre) or after its residual sum (post)."""

    placement: Literal["pre", "post"] = "pre"
    bias: bool = True

    def check(self, path: str) -> None:
        check.choice(f"{path}.placement", self.placement, ("pre", "post"))
        check.flag(f"{path}.bias", self.bias)


@dataclass(frozen=True, kw_only=True)
class Head:
    """Output projection D -> vocab; `tied` shares the token embedding's weight."""

    tied: bool = True
    bias: bool = False

    def check(self, path: str) -> None:
        check.flag(f"{path}.tied", self.tied)
        check.flag(f"{path}.bias", self.bias)
