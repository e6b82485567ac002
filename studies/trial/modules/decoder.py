"""The decoder family."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from advisor.ledger import mup
from advisor.spec import MLP, Decoder, Embedding, Encoder, MoE, Plan
from studies.trial.modules.attention import FusedAttention, SeparateAttention
from studies.trial.modules.cache import BlockCache, Cache
from studies.trial.modules.capped_attention import soft_cap
from studies.trial.modules.loss import chunked_cross_entropy
from studies.trial.modules.masks import alibi_slopes, score_mask
from studies.trial.modules.mlp import GatedMLP, PlainMLP
from studies.trial.modules.moe import MixtureOfExperts
from studies.trial.modules.norm import norm_layer
from studies.trial.modules.recompute import recompute
from studies.trial.modules.rotary import RotaryTable, Rotation

STD = 0.02  # of initial weights
# what DeepNorm makes smaller (Wang et al. 2022)
DEEPNORM_SCALED = ("attention.v.weight", "attention.out.weight", "mlp.up.weight", "mlp.gate.weight", "mlp.down.weight")


class EmbeddingLayer(nn.Module):
    """ids_BT, after `seen` others -> dropout(token + position)_BTD."""

    def __init__(self, spec: Embedding, d_model: int, context: int, plan: Plan) -> None:
        super().__init__()
        self.token = nn.Embedding(spec.vocab, d_model)
        self.position = nn.Embedding(context + spec.spare_positions, d_model) if spec.positions == "learned" else None
        self.spare = spec.spare_positions
        self.scale = math.sqrt(mup.steady_width(d_model, plan)) if spec.scaled else None
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, ids_BT: Tensor, seen: int = 0) -> Tensor:
        x_BTD = self.token(ids_BT)
        if self.scale is not None:
            x_BTD = x_BTD * self.scale
        if self.position is not None:
            first = self.spare + seen
            positions_T = torch.arange(first, first + ids_BT.size(1), device=ids_BT.device)
            x_BTD = x_BTD + self.position(positions_T)
        return self.dropout(x_BTD)


def mlp_layer(spec: MLP | MoE, d_model: int) -> nn.Module:
    """What follows attention."""
    if isinstance(spec, MoE):
        return MixtureOfExperts(spec, d_model)
    return (GatedMLP if spec.gated else PlainMLP)(spec, d_model)


class Block(nn.Module):
    """Attention and MLP in residual branches, with norms where the spec places them."""

    def __init__(
        self,
        spec: Decoder | Encoder,
        plan: Plan,
        mlp: MLP | MoE,
        recomputed: str,
        *,
        local: bool = False,
        causal: bool = True,
    ) -> None:
        super().__init__()
        self.placement, self.recomputed, self.token_shift = spec.norm.placement, recomputed, spec.token_shift
        self.local = local
        self.gain = (2 * spec.depth) ** 0.25 if spec.norm.deepnorm else None
        self.attention_scale = nn.Parameter(torch.ones(spec.d_model)) if spec.norm.residual_scale else None
        self.mlp_scale = nn.Parameter(torch.ones(spec.d_model)) if spec.norm.residual_scale else None
        self.attention_norm = norm_layer(spec.norm, spec.d_model)
        self.attention: nn.Module
        scale = mup.attention_scale(spec.head_size, plan)
        if spec.attention.projections == "fused":
            self.attention = FusedAttention(spec.attention, spec.d_model, spec.head_size, causal=causal, scale=scale)
        else:
            self.attention = SeparateAttention(
                spec.attention, spec.d_model, spec.head_size, spec.kv_heads, plan.kernel, causal=causal, scale=scale
            )
        if self.placement == "sandwich":
            self.attention_out_norm = norm_layer(spec.norm, spec.d_model)
        if self.placement != "parallel-shared":
            self.mlp_norm = norm_layer(spec.norm, spec.d_model)
        self.mlp = mlp_layer(mlp, spec.d_model)
        if self.placement == "sandwich":
            self.mlp_out_norm = norm_layer(spec.norm, spec.d_model)

    def forward(
        self,
        x_BTD: Tensor,
        rotation: Rotation | None = None,
        mask: Tensor | None = None,
        cache: BlockCache | None = None,
    ) -> Tensor:
        match self.placement:
            case "pre":
                x_BTD = self._attended(x_BTD, self._attention(self.attention_norm(x_BTD), rotation, mask, cache))
                return self._added(x_BTD, self._mlp(self.mlp_norm(x_BTD), cache))
            case "post":
                x_BTD = self.attention_norm(self._attended(x_BTD, self._attention(x_BTD, rotation, mask, cache)))
                return self.mlp_norm(self._added(x_BTD, self._mlp(x_BTD, cache)))
            case "sandwich":
                y_BTD = self.attention_out_norm(self._attention(self.attention_norm(x_BTD), rotation, mask, cache))
                x_BTD = self._attended(x_BTD, y_BTD)
                del y_BTD
                return self._added(x_BTD, self.mlp_out_norm(self._mlp(self.mlp_norm(x_BTD), cache)))
            case "parallel":
                attended_BTD = self._attention(self.attention_norm(x_BTD), rotation, mask, cache)
                return self._added(self._attended(x_BTD, attended_BTD), self._mlp(self.mlp_norm(x_BTD), cache))
            case _:  # parallel-shared
                normed_BTD = self.attention_norm(x_BTD)
                attended_BTD = self._attended(x_BTD, self._attention(normed_BTD, rotation, mask, cache))
                return self._added(attended_BTD, self._mlp(normed_BTD, cache))

    def _attention(
        self, x_BTD: Tensor, rotation: Rotation | None, mask: Tensor | None, cache: BlockCache | None
    ) -> Tensor:
        x_BTD = self._shifted(x_BTD, "attention", cache)
        if self.recomputed == "attention" and self.training:
            return recompute(self.attention, x_BTD, rotation, mask)
        return self.attention(x_BTD, rotation, mask, cache)

    def _mlp(self, x_BTD: Tensor, cache: BlockCache | None) -> Tensor:
        mixed_BTD: Tensor = self.mlp(self._shifted(x_BTD, "mlp", cache))
        return mixed_BTD

    def _shifted(self, x_BTD: Tensor, branch: str, cache: BlockCache | None) -> Tensor:
        if not self.token_shift:
            return x_BTD
        same, moved = x_BTD.chunk(2, dim=-1)
        later = F.pad(moved, (0, 0, 1, -1)) if cache is None else cache.shifted(branch, moved)
        return torch.cat((same, later), dim=-1)

    def _attended(self, x_BTD: Tensor, y_BTD: Tensor) -> Tensor:
        return self._residual(x_BTD, self.attention_scale) + y_BTD

    def _added(self, x_BTD: Tensor, y_BTD: Tensor) -> Tensor:
        return self._residual(x_BTD, self.mlp_scale) + y_BTD

    def _residual(self, x_BTD: Tensor, scale_D: Tensor | None) -> Tensor:
        if scale_D is not None:
            x_BTD = x_BTD * scale_D
        return x_BTD if self.gain is None else x_BTD * self.gain


class DecoderModule(nn.Module):
    """ids_BT -> (logits_BTV, loss or None); the loss is the mean cross-entropy [nats/token].

    A chunked loss comes without logits.
    """

    def __init__(self, spec: Decoder, plan: Plan) -> None:
        super().__init__()
        self.loss_chunks = plan.loss_chunks if plan.loss == "chunked" else None
        self.embedding = EmbeddingLayer(spec.embedding, spec.d_model, spec.context, plan)
        rotary = spec.attention.rotary
        self.rotary = None if rotary is None else RotaryTable(rotary, spec.context, spec.rotated)
        local = spec.attention.local_rotary
        self.local_rotary = None if local is None else RotaryTable(local, spec.context, spec.rotated)
        biased = spec.attention.alibi_heads
        self.slopes: Tensor | None
        self.register_buffer("slopes", alibi_slopes(spec.attention.heads, biased) if biased else None, persistent=False)
        self.deepnorm, self.attention_spec, self.soft_cap = spec.norm.deepnorm, spec.attention, spec.head.soft_cap
        self.blocks = nn.ModuleList(
            Block(spec, plan, spec.mlp_of(i), plan.recomputes(i), local=spec.local(i)) for i in range(spec.depth)
        )
        self.norm = norm_layer(spec.norm, spec.d_model) if spec.norm.final else nn.Identity()
        self.output_scale = mup.output_scale(spec.d_model, plan)
        self.head = nn.Linear(spec.d_model, spec.embedding.vocab, bias=spec.head.bias)
        if spec.head.tied:
            self.head.weight = self.embedding.token.weight

    def initial_std(self, name: str) -> float:
        """GPT-2's (Radford et al. 2019): 0.02, residual outputs scaled by 1/sqrt(2 * depth); or DeepNorm's.

        A fused q, k and v is left as it is, though DeepNorm would scale its third part.
        """
        if self.deepnorm:
            scaled = name.endswith(DEEPNORM_SCALED)
            return STD * (8 * len(self.blocks)) ** -0.25 if scaled else STD
        residual = name.endswith(("attention.out.weight", "down.weight", "experts.down"))
        return STD / math.sqrt(2 * len(self.blocks)) if residual else STD

    def _masks(self, T: int, keep_BT: Tensor | None, cache: Cache | None) -> tuple[Tensor | None, Tensor | None]:
        """Of blocks that see all before them, and of blocks with a window; None where the order alone matters."""
        window, like, seen = self.attention_spec.window, self.head.weight, 0 if cache is None else cache.length
        needed = self.slopes is not None or keep_BT is not None or self.attention_spec.soft_cap is not None
        everywhere = score_mask(T, self.slopes, keep_BT, like, seen=seen) if needed or cache is not None else None
        if window is None or window >= seen + T:
            return everywhere, everywhere
        return everywhere, score_mask(T, self.slopes, keep_BT, like, window, seen)

    def forward(
        self,
        ids_BT: Tensor,
        targets_BT: Tensor | None = None,
        keep_BT: Tensor | None = None,
        cache: Cache | None = None,
    ) -> tuple[Tensor | None, Tensor | None]:
        """`keep_BT`: true where a token is not padding. `cache`: of the tokens before these, which join them in it."""
        T, seen = ids_BT.size(1), 0 if cache is None else cache.length
        rotations = [None if table is None else table(T, seen) for table in (self.rotary, self.local_rotary)]
        if self.local_rotary is None:
            rotations[1] = rotations[0]
        masks = self._masks(T, keep_BT, cache)
        x_BTD = self.embedding(ids_BT, seen)
        for i, block in enumerate(self.blocks):
            rotation, mask = rotations[bool(block.local)], masks[bool(block.local)]
            if block.recomputed == "block" and self.training:
                x_BTD = recompute(block, x_BTD, rotation, mask)
            else:
                x_BTD = block(x_BTD, rotation, mask, None if cache is None else cache.blocks[i])
        if cache is not None:
            cache.length += T
        x_BTD = self.norm(x_BTD)
        if self.output_scale is not None:
            x_BTD = x_BTD * self.output_scale
        if targets_BT is not None and self.loss_chunks:
            return None, chunked_cross_entropy(self.head, x_BTD, targets_BT, self.loss_chunks)
        logits_BTV = self.head(x_BTD)
        if self.soft_cap is not None:
            logits_BTV = soft_cap(logits_BTV, self.soft_cap)
        if targets_BT is None:
            return logits_BTV, None
        return logits_BTV, F.cross_entropy(logits_BTV.view(-1, logits_BTV.size(-1)), targets_BT.view(-1))
