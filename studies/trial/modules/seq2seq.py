"""The sequence-to-sequence family. Shape suffixes: S source, T target or queries, K head size."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from advisor.ledger import mup
from advisor.spec import Plan, RelativeBias, Seq2Seq, SequenceEmbedding
from studies.trial.modules.loss import chunked_cross_entropy
from studies.trial.modules.mlp import GatedMLP, PlainMLP
from studies.trial.modules.norm import norm_layer
from studies.trial.modules.recompute import recompute

STD = 0.02  # of initial weights


class SequenceEmbeddingLayer(nn.Module):
    """ids_BT -> dropout(token + position)_BTD."""

    def __init__(self, spec: SequenceEmbedding, d_model: int, context: int, plan: Plan) -> None:
        super().__init__()
        self.token = nn.Embedding(spec.vocab, d_model)
        self.position = nn.Embedding(context, d_model) if spec.positions == "learned" else None
        self.scale = math.sqrt(mup.steady_width(d_model, plan)) if spec.scaled else None
        self.dropout = nn.Dropout(spec.dropout)

    def forward(self, ids_BT: Tensor, table_CD: Tensor | None) -> Tensor:
        x_BTD = self.token(ids_BT)
        if self.scale is not None:
            x_BTD = x_BTD * self.scale
        if self.position is not None:
            x_BTD = x_BTD + self.position(torch.arange(ids_BT.size(1), device=ids_BT.device))
        if table_CD is not None:
            x_BTD = x_BTD + table_CD[: ids_BT.size(1)].to(x_BTD.dtype)
        return self.dropout(x_BTD)


def sinusoids(context: int, d_model: int) -> Tensor:
    """[context, d_model] of sines and cosines side by side (Vaswani et al. 2017, section 3.5)."""
    frequencies = 10_000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float32) / d_model)
    angles = torch.outer(torch.arange(context, dtype=torch.float32), frequencies)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :d_model]


class RelativeBiasTable(nn.Module):
    """The bias [1, H, T, T] of the scores: a number for each head and bucket of distances."""

    def __init__(self, spec: RelativeBias, heads: int, both_ways: bool) -> None:
        super().__init__()
        self.max_distance, self.both_ways = spec.max_distance, both_ways
        self.bias = nn.Embedding(spec.buckets, heads)

    def forward(self, sequence: int) -> Tensor:
        buckets_TT = self._buckets(sequence)
        return self.bias(buckets_TT).permute(2, 0, 1).unsqueeze(0)

    def _buckets(self, sequence: int) -> Tensor:
        """The bucket of each distance, looked up in a list of them."""
        device = self.bias.weight.device
        by_distance = self._bucket_of(torch.arange(1 - sequence, sequence, device=device))
        positions_T = torch.arange(sequence, device=device)
        return by_distance[positions_T[None, :] - positions_T[:, None] + (sequence - 1)]

    def _bucket_of(self, key_minus_query: Tensor) -> Tensor:
        """As T5: half of the buckets for keys after the query where both are seen; then half exact, half in steps."""
        buckets, first = self.bias.num_embeddings, torch.zeros_like(key_minus_query)
        if self.both_ways:
            buckets //= 2
            first, distance = (key_minus_query > 0) * buckets, key_minus_query.abs()
        else:
            distance = (-key_minus_query).clamp(min=0)
        exact = buckets // 2
        steps = (distance.clamp(min=1) / exact).log() / math.log(self.max_distance / exact) * (buckets - exact)
        far = (exact + steps.long()).clamp(max=buckets - 1)
        return first + torch.where(distance < exact, distance, far)


class MultiHeadAttention(nn.Module):
    """x_BTD attends to source_BSD -> BTD."""

    def __init__(self, spec: Seq2Seq, plan: Plan, causal: bool) -> None:
        super().__init__()
        attention, width = spec.attention, spec.attention.heads * spec.head_size
        self.head_size, self.weight_dropout, self.causal = spec.head_size, attention.dropout, causal
        self.scale = mup.attention_scale(spec.head_size, plan, None if attention.scaled else 1.0)
        self.q = nn.Linear(spec.d_model, width, bias=attention.qkv_bias)
        self.k = nn.Linear(spec.d_model, width, bias=attention.qkv_bias)
        self.v = nn.Linear(spec.d_model, width, bias=attention.qkv_bias)
        self.out = nn.Linear(width, spec.d_model, bias=attention.out_bias)
        self.dropout = nn.Dropout(attention.dropout)

    def forward(self, x_BTD: Tensor, source_BSD: Tensor, bias_1HTS: Tensor | None = None) -> Tensor:
        B, T, _ = x_BTD.shape
        q_BHTK, k_BHSK, v_BHSK = (
            t.view(B, t.size(1), -1, self.head_size).transpose(1, 2)
            for t in (self.q(x_BTD), self.k(source_BSD), self.v(source_BSD))
        )
        y_BHTK = F.scaled_dot_product_attention(
            q_BHTK, k_BHSK, v_BHSK, attn_mask=bias_1HTS, is_causal=self.causal and bias_1HTS is None,
            dropout_p=self.weight_dropout if self.training else 0.0, scale=self.scale,
        )  # fmt: skip
        return self.dropout(self.out(y_BHTK.transpose(1, 2).contiguous().view(B, T, -1)))


class EncoderBlock(nn.Module):
    """Self-attention and MLP in residual branches, with norms before them or after the sums."""

    def __init__(self, spec: Seq2Seq, plan: Plan, causal: bool = False) -> None:
        super().__init__()
        self.post = spec.norm.placement == "post"
        self.attention_norm = norm_layer(spec.norm, spec.d_model)
        self.attention = MultiHeadAttention(spec, plan, causal)
        self._add_cross(spec, plan)
        self.mlp_norm = norm_layer(spec.norm, spec.d_model)
        self.mlp = (GatedMLP if spec.mlp.gated else PlainMLP)(spec.mlp, spec.d_model)

    def _add_cross(self, spec: Seq2Seq, plan: Plan) -> None:
        """Nothing, in the encoder."""

    def forward(self, x_BTD: Tensor, bias_1HTT: Tensor | None) -> Tensor:
        return self._mixed(self._attended(x_BTD, bias_1HTT))

    def _attended(self, x_BTD: Tensor, bias_1HTT: Tensor | None) -> Tensor:
        if self.post:
            return self.attention_norm(x_BTD + self.attention(x_BTD, x_BTD, bias_1HTT))
        normed_BTD = self.attention_norm(x_BTD)
        return x_BTD + self.attention(normed_BTD, normed_BTD, bias_1HTT)

    def _mixed(self, x_BTD: Tensor) -> Tensor:
        if self.post:
            return self.mlp_norm(x_BTD + self.mlp(x_BTD))
        return x_BTD + self.mlp(self.mlp_norm(x_BTD))


class DecoderBlock(EncoderBlock):
    """Causal self-attention, attention to the encoder's output, MLP."""

    def __init__(self, spec: Seq2Seq, plan: Plan) -> None:
        super().__init__(spec, plan, causal=True)

    def _add_cross(self, spec: Seq2Seq, plan: Plan) -> None:
        self.cross_norm = norm_layer(spec.norm, spec.d_model)
        self.cross = MultiHeadAttention(spec, plan, causal=False)

    def forward(  # type: ignore[override]
        self, x_BTD: Tensor, source_BSD: Tensor, bias_1HTT: Tensor | None
    ) -> Tensor:
        return self._mixed(self._crossed(self._attended(x_BTD, bias_1HTT), source_BSD))

    def _crossed(self, x_BTD: Tensor, source_BSD: Tensor) -> Tensor:
        if self.post:
            return self.cross_norm(x_BTD + self.cross(x_BTD, source_BSD))
        return x_BTD + self.cross(self.cross_norm(x_BTD), source_BSD)


class Stack(nn.Module):
    """The blocks of the encoder or of the decoder with what stands around them; `source_BSD` for a decoder."""

    def __init__(self, spec: Seq2Seq, plan: Plan, decodes: bool) -> None:
        super().__init__()
        self.checkpointing = plan.checkpointing
        relative, heads = spec.relative, spec.attention.heads
        self.relative = None if relative is None else RelativeBiasTable(relative, heads, both_ways=not decodes)
        self.decodes, depth = decodes, spec.decoder_depth if decodes else spec.encoder_depth
        self.blocks = nn.ModuleList((DecoderBlock if decodes else EncoderBlock)(spec, plan) for _ in range(depth))
        self.norm = norm_layer(spec.norm, spec.d_model) if spec.norm.final else nn.Identity()
        self.dropout = nn.Dropout(spec.after_stack)

    def forward(self, x_BTD: Tensor, *source_BSD: Tensor) -> Tensor:
        bias_1HTT = self._bias(x_BTD)
        for block in self.blocks:
            if self.checkpointing == "block" and self.training:
                x_BTD = recompute(block, x_BTD, *source_BSD, bias_1HTT)
            else:
                x_BTD = block(x_BTD, *source_BSD, bias_1HTT)
        return self.dropout(self.norm(x_BTD))

    def _bias(self, x_BTD: Tensor) -> Tensor | None:
        """Of all layers; in a decoder, keys after the query are masked in it."""
        if self.relative is None:
            return None
        T = x_BTD.size(1)
        bias_1HTT: Tensor = self.relative(T)
        if not self.decodes:
            return bias_1HTT
        later_TT = torch.full((T, T), float("-inf"), dtype=bias_1HTT.dtype, device=x_BTD.device).triu(1)
        return bias_1HTT + later_TT


class Seq2SeqModule(nn.Module):
    """source_BS, target_BT -> (logits_BTV, loss or None).

    `target_BT` is what the decoder reads, `labels_BT` what it predicts: the target one token further on. The loss is
    the mean cross-entropy of the labels [nats/token]; a chunked loss comes without logits.
    """

    def __init__(self, spec: Seq2Seq, plan: Plan) -> None:
        super().__init__()
        self.loss_chunks = plan.loss_chunks if plan.loss == "chunked" else None
        embedding = spec.embedding
        self.positions: Tensor | None
        table = sinusoids(spec.context, spec.d_model) if embedding.positions == "sinusoidal" else None
        self.register_buffer("positions", table, persistent=False)
        self.source = SequenceEmbeddingLayer(embedding, spec.d_model, spec.context, plan)
        self.encoder = Stack(spec, plan, decodes=False)
        self.target = SequenceEmbeddingLayer(embedding, spec.d_model, spec.context, plan)
        if embedding.shared:
            self.target.token.weight = self.source.token.weight
        self.decoder = Stack(spec, plan, decodes=True)
        self.head_scale = mup.output_scale(spec.d_model, plan, spec.head_scaled)
        self.head = nn.Linear(spec.d_model, embedding.vocab, bias=spec.head.bias)
        if spec.head.tied:
            self.head.weight = self.target.token.weight

    def initial_std(self, name: str) -> float:
        """Of weights before a residual sum and of all others: as the decoder family's."""
        depth = len(self.encoder.blocks) + len(self.decoder.blocks)
        residual = name.endswith(("out.weight", "mlp.down.weight"))
        return STD / math.sqrt(2 * depth) if residual else STD

    def forward(
        self, source_BS: Tensor, target_BT: Tensor, labels_BT: Tensor | None = None
    ) -> tuple[Tensor | None, Tensor | None]:
        encoded_BSD = self.encoder(self.source(source_BS, self.positions))
        x_BTD = self.decoder(self.target(target_BT, self.positions), encoded_BSD)
        if self.head_scale is not None:
            x_BTD = x_BTD * self.head_scale
        if labels_BT is not None and self.loss_chunks:
            return None, chunked_cross_entropy(self.head, x_BTD, labels_BT, self.loss_chunks)
        logits_BTV = self.head(x_BTD)
        if labels_BT is None:
            return logits_BTV, None
        return logits_BTV, F.cross_entropy(logits_BTV.view(-1, logits_BTV.size(-1)), labels_BT.view(-1))
