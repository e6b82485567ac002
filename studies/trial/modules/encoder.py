"""The encoder family."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from advisor.ledger import mup
from advisor.spec import Encoder, MaskedHead, Plan
from studies.trial.modules.decoder import STD, Block
from studies.trial.modules.masks import attention_dtype, padded
from studies.trial.modules.mlp import ACTIVATIONS
from studies.trial.modules.norm import norm_layer
from studies.trial.modules.recompute import recompute


class EncoderEmbedding(nn.Module):
    """ids_BT -> dropout(norm(token + token type + position))_BTD; every token is of the first type."""

    def __init__(self, spec: Encoder, plan: Plan) -> None:
        super().__init__()
        embedding = spec.embedding
        self.token = nn.Embedding(embedding.vocab, spec.d_model)
        self.scale = math.sqrt(mup.steady_width(spec.d_model, plan)) if embedding.scaled else None
        self.token_type = None if spec.token_types is None else nn.Embedding(spec.token_types, spec.d_model)
        self.spare = embedding.spare_positions
        rows = spec.context + self.spare
        self.position = nn.Embedding(rows, spec.d_model) if embedding.positions == "learned" else None
        self.norm = norm_layer(spec.norm, spec.d_model)
        self.dropout = nn.Dropout(embedding.dropout)

    def forward(self, ids_BT: Tensor) -> Tensor:
        x_BTD = self.token(ids_BT)
        if self.scale is not None:
            x_BTD = x_BTD * self.scale
        if self.token_type is not None:
            x_BTD = x_BTD + self.token_type(torch.zeros_like(ids_BT))
        if self.position is not None:
            positions_T = torch.arange(self.spare, self.spare + ids_BT.size(1), device=ids_BT.device)
            x_BTD = x_BTD + self.position(positions_T)
        return self.dropout(self.norm(x_BTD))


class MaskedHeadLayer(nn.Module):
    """x_BTD -> logits_BTV."""

    def __init__(self, spec: Encoder, plan: Plan, head: MaskedHead, token: nn.Embedding) -> None:
        super().__init__()
        self.dense = nn.Linear(spec.d_model, spec.d_model)
        self.activation = ACTIVATIONS[head.activation]
        self.norm = norm_layer(spec.norm, spec.d_model)
        self.output_scale = mup.output_scale(spec.d_model, plan)
        self.decoder = nn.Linear(spec.d_model, spec.embedding.vocab)
        if head.tied:
            self.decoder.weight = token.weight

    def forward(self, x_BTD: Tensor) -> Tensor:
        x_BTD = self.norm(self.activation(self.dense(x_BTD)))
        if self.output_scale is not None:
            x_BTD = x_BTD * self.output_scale
        logits_BTV: Tensor = self.decoder(x_BTD)
        return logits_BTV


class EncoderModule(nn.Module):
    """ids_BT -> (logits_BTV, loss or None): the mean cross-entropy [nats] of the targets that are not -100.

    Without a head: (the final norm's output or the pooled one, its mean).
    """

    def __init__(self, spec: Encoder, plan: Plan) -> None:
        super().__init__()
        self.embedding = EncoderEmbedding(spec, plan)
        self.blocks = nn.ModuleList(
            Block(spec, plan, spec.mlp, plan.recomputes(i), causal=False) for i in range(spec.depth)
        )
        self.norm = norm_layer(spec.norm, spec.d_model) if spec.norm.final else nn.Identity()
        self.pooler = nn.Linear(spec.d_model, spec.d_model) if spec.pooler else None
        self.head = None if spec.head is None else MaskedHeadLayer(spec, plan, spec.head, self.embedding.token)

    def initial_std(self, name: str) -> float:
        """BERT's (Devlin et al. 2018), for all weights."""
        return STD

    def forward(
        self, ids_BT: Tensor, targets_BT: Tensor | None = None, keep_BT: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """`keep_BT`: true where a token is not padding."""
        mask = None if keep_BT is None else padded(keep_BT, attention_dtype(self.embedding.token.weight))
        x_BTD = self.embedding(ids_BT)
        for block in self.blocks:
            if block.recomputed == "block" and self.training:
                x_BTD = recompute(block, x_BTD, None, mask)
            else:
                x_BTD = block(x_BTD, None, mask)
        x_BTD = self.norm(x_BTD)
        if self.head is None:
            out = x_BTD if self.pooler is None else torch.tanh(self.pooler(x_BTD[:, 0]))
            return out, None if targets_BT is None else out.mean()
        logits_BTV = self.head(x_BTD)
        if targets_BT is None:
            return logits_BTV, None
        return logits_BTV, F.cross_entropy(logits_BTV.view(-1, logits_BTV.size(-1)), targets_BT.view(-1))
