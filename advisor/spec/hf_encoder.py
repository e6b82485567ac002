"""Hugging Face configs of encoders: `bert` and `roberta`, as the classes with and without their head."""

from typing import Any

from advisor.errors import InputError
from advisor.spec import check
from advisor.spec.blocks import MLP, Attention, Embedding, Norm
from advisor.spec.encoder import Encoder, MaskedHead
from advisor.spec.hf_attention import read_dropout
from advisor.spec.hf_config import HfConfig

BERT = ("BertForMaskedLM", "BertModel")  # the first is sized where the file names no class
ROBERTA = ("RobertaForMaskedLM", "RobertaModel")


def bert(config: HfConfig) -> Encoder:
    """BERT (Devlin et al. 2018). BertModel is the encoder and its pooler."""
    return _encoder(config, BERT, config.activation("hidden_act", "gelu"), spare=0)


def roberta(config: HfConfig) -> Encoder:
    """RoBERTa (Liu et al. 2019): positions begin behind the padding token's row; the head's activation is GELU."""
    padding = config.value("pad_token_id", 1)
    check.whole("pad_token_id", padding, check.MAX_CONTEXT, 0)
    return _encoder(config, ROBERTA, "gelu", spare=padding + 1)


def _encoder(config: HfConfig, classes: tuple[str, str], head_activation: Any, *, spare: int) -> Encoder:
    config.only("is_decoder", False, "a causal mask")
    config.only("add_cross_attention", False, "cross-attention")
    config.only("position_embedding_type", "absolute", "relative positions")
    residual = config.rate("hidden_dropout_prob", 0.1)
    without_head = config.value("architectures", None) == [classes[1]]
    if not without_head:  # transformers has two biases then, one of which nothing reads
        config.only("tie_word_embeddings", True, "an untied head")
    config.value("tie_word_embeddings", True)
    return Encoder(
        context=_context(config, spare),
        d_model=config.whole("hidden_size"),
        depth=config.whole("num_hidden_layers", high=check.MAX_DEPTH),
        embedding=Embedding(
            vocab=config.whole("vocab_size", high=check.MAX_VOCAB), spare_positions=spare, dropout=residual
        ),
        token_types=config.whole("type_vocab_size", 2, check.MAX_VOCAB),
        attention=Attention(
            heads=config.whole("num_attention_heads"), projections="separate",
            dropout=read_dropout(config, "attention_probs_dropout_prob", 0.1, residual),
        ),
        mlp=MLP(
            hidden=config.whole("intermediate_size", high=check.MAX_WIDTH * 8),
            activation=config.activation("hidden_act", "gelu"), dropout=residual,
        ),
        norm=Norm(placement="post", final=False),
        pooler=without_head,
        head=None if without_head else MaskedHead(activation=head_activation),
    )  # fmt: skip


def _context(config: HfConfig, spare: int) -> int:
    rows = config.whole("max_position_embeddings", high=check.MAX_CONTEXT)
    if rows <= spare:
        raise InputError("max_position_embeddings", expected=f"more than the {spare} rows of no position", got=rows)
    return rows - spare
