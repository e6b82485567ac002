"""The BDH family (Kosowski et al. 2025, The Dragon Hatchling). Shape suffix N: neurons of one head.

How we differ: the published implementation saves the same tensors for the backward pass, but keeps more of them by name
until the end of a level.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from advisor.ledger import mup
from advisor.spec import BDH, Plan
from studies.trial.modules.loss import chunked_cross_entropy
from studies.trial.modules.recompute import recompute

THETA = 2.0**16


class LinearAttention(nn.Module):
    """Attention between rotated sparse vectors: no softmax, no scaling, and no token sees itself."""

    def __init__(self, neurons: int) -> None:
        super().__init__()
        pairs = torch.arange(neurons, dtype=torch.float32) // 2 * 2
        turns = THETA ** (-pairs / neurons) / (2 * math.pi)  # per token; in turns, so that a whole one can be dropped
        self.register_buffer("turns", turns, persistent=False)

    def forward(self, u_BHTN: Tensor, x_B1TD: Tensor) -> Tensor:
        rotated_BHTN = self._rotated(u_BHTN)
        scores_BHTT = (rotated_BHTN @ rotated_BHTN.mT).tril(diagonal=-1)
        return scores_BHTT @ x_B1TD

    def _rotated(self, u_BHTN: Tensor) -> Tensor:
        """Neighbors rotated against each other by angles in fp32, the result in u's dtype."""
        cos_TN, sin_TN = self._angles(u_BHTN.size(2))
        crossed_BHTN = torch.stack((-u_BHTN[..., 1::2], u_BHTN[..., ::2]), dim=-1).view(u_BHTN.shape)
        return (u_BHTN * cos_TN).to(u_BHTN.dtype) + (crossed_BHTN * sin_TN).to(u_BHTN.dtype)

    def _angles(self, sequence: int) -> tuple[Tensor, Tensor]:
        turns_N = self.get_buffer("turns")
        positions_T1 = torch.arange(sequence, device=turns_N.device, dtype=torch.float32).view(-1, 1)
        turns_TN = positions_T1 * turns_N
        angles_TN = (turns_TN % 1) * (2 * math.pi)
        return angles_TN.cos(), angles_TN.sin()


class BDHModule(nn.Module):
    """ids_BT -> (logits_BTV, loss or None); the loss is the mean cross-entropy [nats/token].

    A chunked loss comes without logits.
    """

    def __init__(self, spec: BDH, plan: Plan) -> None:
        super().__init__()
        self.loss_chunks = plan.loss_chunks if plan.loss == "chunked" else None
        self.checkpointing, self.depth = plan.checkpointing, spec.depth
        self.encoder = nn.Parameter(torch.empty(spec.heads, spec.d_model, spec.neurons))
        self.encoder_v = nn.Parameter(torch.empty(spec.heads, spec.d_model, spec.neurons))
        self.decoder = nn.Parameter(torch.empty(spec.heads * spec.neurons, spec.d_model))
        self.head = nn.Parameter(torch.empty(spec.d_model, spec.vocab))
        self.embedding = nn.Embedding(spec.vocab, spec.d_model)
        self.attention = LinearAttention(spec.neurons)
        self.norm = nn.LayerNorm(spec.d_model, elementwise_affine=False)
        self.dropout = nn.Dropout(spec.dropout)
        self.output_scale = mup.output_scale(spec.d_model, plan)

    def initial_std(self, name: str) -> float:
        """The published implementation's, for all weights."""
        return 0.02

    def level(self, x_B1TD: Tensor) -> Tensor:
        """One of the levels; all have the same weights."""
        B, _, T, _ = x_B1TD.shape
        u_BHTN = F.relu(x_B1TD @ self.encoder)
        attended_BHTD = self.norm(self.attention(u_BHTN, x_B1TD))
        v_BHTN = F.relu(attended_BHTD @ self.encoder_v)
        z_BHTN = self.dropout(u_BHTN * v_BHTN)
        y_B1TD = self.norm(z_BHTN.transpose(1, 2).reshape(B, 1, T, -1) @ self.decoder)
        return self.norm(x_B1TD + y_B1TD)

    def _logits(self, x: Tensor) -> Tensor:
        return x @ self.head

    def forward(self, ids_BT: Tensor, targets_BT: Tensor | None = None) -> tuple[Tensor | None, Tensor | None]:
        x_B1TD = self.norm(self.embedding(ids_BT).unsqueeze(1))
        for _ in range(self.depth):
            if self.checkpointing == "block" and self.training:
                x_B1TD = recompute(self.level, x_B1TD)
            else:
                x_B1TD = self.level(x_B1TD)
        if self.output_scale is not None:
            x_B1TD = x_B1TD * self.output_scale
        if targets_BT is not None and self.loss_chunks:
            return None, chunked_cross_entropy(self._logits, x_B1TD, targets_BT, self.loss_chunks)
        logits_BTV = self._logits(x_B1TD.squeeze(1))
        if targets_BT is None:
            return logits_BTV, None
        return logits_BTV, F.cross_entropy(logits_BTV.view(-1, logits_BTV.size(-1)), targets_BT.view(-1))
