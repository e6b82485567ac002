"""Self-attention: fused or separate projections, grouped key-value heads, rotary positions, q/k norms.

`scale`, by which scores are multiplied, is 1/sqrt(head size) unless given.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from advisor.spec import Attention
from studies.trial.modules.cache import BlockCache
from studies.trial.modules.capped_attention import capped_attention
from studies.trial.modules.rotary import Rotation


class FusedAttention(nn.Module):
    """One weight for q, k and v; x_BTD -> BTD."""

    def __init__(
        self, spec: Attention, d_model: int, head_size: int, *, causal: bool, scale: float | None = None
    ) -> None:
        super().__init__()
        self.scale = scale
        self.heads, self.weight_dropout, self.causal = spec.heads, spec.dropout, causal
        self.qkv = nn.Linear(d_model, 3 * spec.heads * head_size, bias=spec.qkv_bias)
        self.out = nn.Linear(spec.heads * head_size, d_model, bias=spec.out_bias)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(
        self, x_BTD: Tensor, rotation: Rotation | None, mask: Tensor | None = None, cache: BlockCache | None = None
    ) -> Tensor:
        """With a cache comes a mask: its columns are the tokens seen and then those of x."""
        B, T, _ = x_BTD.shape
        q, k, v = self.qkv(x_BTD).chunk(3, dim=2)
        if cache is not None:
            k, v = cache.extended(k, v)
        q_BHTK, k_BHTK, v_BHTK = (t.view(B, t.size(1), self.heads, -1).transpose(1, 2) for t in (q, k, v))
        dropout = self.weight_dropout if self.training else 0.0
        y_BHTK = F.scaled_dot_product_attention(
            q_BHTK, k_BHTK, v_BHTK, attn_mask=mask, dropout_p=dropout, is_causal=self.causal and mask is None,
            scale=self.scale,
        )  # fmt: skip
        return self.dropout(self.out(y_BHTK.transpose(1, 2).contiguous().view(B, T, -1)))


class SeparateAttention(nn.Module):
    """A weight each for q, k and v; x_BTD -> BTD. Only the flash kernel takes fewer key-value heads as they are."""

    def __init__(
        self, spec: Attention, d_model: int, head_size: int, kv_heads: int, kernel: str, *, causal: bool,
        scale: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.causal, self.scale = causal, scale
        self.heads, self.weight_dropout, self.head_size = spec.heads, spec.dropout, head_size
        self.groups = spec.heads // kv_heads
        self.flash, self.soft_cap = kernel == "flash", spec.soft_cap
        self.q = nn.Linear(d_model, spec.heads * head_size, bias=spec.qkv_bias)
        self.k = nn.Linear(d_model, kv_heads * head_size, bias=spec.qkv_bias)
        self.v = nn.Linear(d_model, kv_heads * head_size, bias=spec.qkv_bias)
        self.q_norm = nn.RMSNorm(head_size) if spec.qk_norm else nn.Identity()
        self.k_norm = nn.RMSNorm(head_size) if spec.qk_norm else nn.Identity()
        self.out = nn.Linear(spec.heads * head_size, d_model, bias=spec.out_bias)
        self.dropout = nn.Dropout(spec.dropout)

    def forward(
        self, x_BTD: Tensor, rotation: Rotation | None, mask: Tensor | None = None, cache: BlockCache | None = None
    ) -> Tensor:
        """With a cache comes a mask: its columns are the tokens seen and then those of x."""
        B, T, _ = x_BTD.shape
        q_BTHK = self.q_norm(self.q(x_BTD).view(B, T, -1, self.head_size))
        k_BTGK = self.k_norm(self.k(x_BTD).view(B, T, -1, self.head_size))
        v_BTGK = self.v(x_BTD).view(B, T, -1, self.head_size)
        if rotation is not None:
            q_BTHK, k_BTGK = rotation(q_BTHK), rotation.keys(k_BTGK)
        if cache is not None:
            k_BTGK, v_BTGK = cache.extended(k_BTGK, v_BTGK)
        flash = self.flash and mask is None
        if self.groups > 1 and not flash:
            k_BTGK, v_BTGK = (t.repeat_interleave(self.groups, dim=2) for t in (k_BTGK, v_BTGK))
        dropout = self.weight_dropout if self.training else 0.0
        if self.soft_cap is not None and mask is not None:
            y_BHTK = capped_attention(
                q_BTHK.transpose(1, 2), k_BTGK.transpose(1, 2), v_BTGK.transpose(1, 2), mask, self.soft_cap, dropout,
                self.scale,
            )  # fmt: skip
            return self.dropout(self.out(y_BHTK.transpose(1, 2).contiguous().view(B, T, -1)))
        y_BHTK = F.scaled_dot_product_attention(
            q_BTHK.transpose(1, 2), k_BTGK.transpose(1, 2), v_BTGK.transpose(1, 2), attn_mask=mask,
            is_causal=self.causal and mask is None, dropout_p=dropout, enable_gqa=self.groups > 1 and flash,
            scale=self.scale,
        )  # fmt: skip
        return self.dropout(self.out(y_BHTK.transpose(1, 2).contiguous().view(B, T, -1)))
