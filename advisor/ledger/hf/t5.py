"""T5ForConditionalGeneration's forward pass, op by op (transformers/models/t5/modeling_t5.py)."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.attention import attend, merge
from advisor.ledger.hf.ops import activated, broadcast, power, reciprocal_root, row_mean
from advisor.ledger.hf.relative import causal_bias, laid_out, relative_bias
from advisor.ledger.layers import Linear
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.seq2seq import blocks
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import Plan, Seq2Seq
from advisor.spec.check import Size

Biases = tuple[Tensor, Tensor | None]  # of a stack: added to the scores of attention to itself, and of cross-attention


def forward(m: Machine, spec: Seq2Seq, plan: Plan) -> tuple[Tensor, Tensor]:
    """Token ids [B, S] and labels [B, T] -> (logits [B, T, V], loss)."""
    ids, labels = (m.given((plan.batch, length), "int64") for length in (plan.sequence, plan.target))
    m.tape.begin(Segment("forward", "source"))
    token = m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")
    encoded = _stack(m, spec, plan, token, ids, None)
    m.tape.begin(Segment("forward", "target"))
    decoder_input_ids = m.empty(labels.shape, "int64", "new_zeros")
    decoded = _stack(m, spec, plan, token, decoder_input_ids, encoded)
    sequence_output = ops.scale(m, "head_scale", decoded) if spec.head_scaled else decoded
    logits = ops.linear(m, "head", sequence_output, token)
    loss = ops.cross_entropy(m, "loss", logits.view(labels.numel, spec.embedding.vocab), labels)
    del decoded, sequence_output, decoder_input_ids
    return logits, loss


def _stack(m: Machine, spec: Seq2Seq, plan: Plan, token: Parameter, ids: Tensor, encoded: Tensor | None) -> Tensor:
    """T5Stack, an encoder or, with the encoder's output, a decoder: the embeddings live until it returns."""
    name = "encoder" if encoded is None else "decoder"
    inputs_embeds = ops.embedding(m, "token", ids, token)
    x = ops.dropout(m, "dropout", inputs_embeds, spec.embedding.dropout)
    biases: Biases | None = None
    first: Block | None = None
    for segment in blocks(f"{name}.blocks", spec.encoder_depth if encoded is None else spec.decoder_depth):
        m.tape.begin(segment)
        block = Block(m, spec, plan, encoded, biases)
        kept = [t for t in (encoded, *(biases or ())) if t is not None]
        if first is not None:
            first.given_on = biases
        if plan.checkpointing == "block":
            x, biases = m.checkpoint(block, x, *kept)
            first = first or block
        else:
            x, biases = block(x)
        del block, kept
    m.tape.begin(Segment("forward", ""))
    x = RMSNorm(m, f"{name}.norm", spec.d_model)(x)
    x = ops.dropout(m, f"{name}.dropout", x, spec.after_stack)
    del inputs_embeds, biases, first
    return x


class RMSNorm:
    """T5LayerNorm: the variance in fp32, each op of its own."""

    def __init__(self, m: Machine, path: str, width: Size) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")

    def __call__(self, x: Tensor) -> Tensor:
        m, path = self.m, self.path
        m.tape.path = path
        variance = row_mean(m, path, power(m, path, ops.cast(m, x, "fp32")))
        x = broadcast(m, path, x, reciprocal_root(m, path, variance))
        x = ops.cast(m, x, self.weight.dtype)
        return broadcast(m, path, x, self.weight)


class Block:
    """T5Block: attention to itself, in a decoder to the encoder's output, MLP; the first makes the biases of all."""

    def __init__(self, m: Machine, spec: Seq2Seq, plan: Plan, encoded: Tensor | None, biases: Biases | None) -> None:
        self.m, self.spec, self.encoded, self.biases = m, spec, encoded, biases
        # The second block is the last to let go of the biases. It is recorded as one of many, which cannot let go of
        # them more than once: the first does so when it begins again, right afterwards.
        self.given_on: Biases | None = None
        self.attention = Attention(m, "attention", spec, plan, encoded is not None, biases is None)
        self.attention_norm = RMSNorm(m, "attention_norm", spec.d_model)
        if encoded is not None:
            self.cross = Attention(m, "cross", spec, plan, False, False)
            self.cross_norm = RMSNorm(m, "cross_norm", spec.d_model)
        self.up = Linear(m, "mlp.up", spec.mlp.hidden, spec.d_model, False)
        self.gate = Linear(m, "mlp.gate", spec.mlp.hidden, spec.d_model, False) if spec.mlp.gated else None
        self.down = Linear(m, "mlp.down", spec.d_model, spec.mlp.hidden, False)
        self.mlp_norm = RMSNorm(m, "mlp_norm", spec.d_model)

    def __call__(self, x: Tensor) -> tuple[Tensor, Biases]:
        self.given_on = None
        bias, cross_bias = self.biases or (None, None)
        x, bias = self._attended(self.attention, self.attention_norm, x, None, bias)
        if self.encoded is not None:
            x, cross_bias = self._attended(self.cross, self.cross_norm, x, self.encoded, cross_bias)
        return self._fed_forward(x), (bias, cross_bias)

    def _attended(
        self, attention: Attention, norm: RMSNorm, x: Tensor, source: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """T5LayerSelfAttention and T5LayerCrossAttention."""
        m, path = self.m, attention.path
        normed = norm(x)
        attended, bias = attention(normed, normed if source is None else source, bias)
        attended = ops.add(m, f"{path}_residual", x, ops.dropout(m, f"{path}.dropout", attended, self._drop))
        del normed
        return attended, bias

    def _fed_forward(self, x: Tensor) -> Tensor:
        """T5LayerFF."""
        m = self.m
        forwarded = self.mlp_norm(x)
        forwarded = self._mlp(forwarded)
        return ops.add(m, "mlp_residual", x, ops.dropout(m, "mlp.dropout", forwarded, self._drop))

    def _mlp(self, x: Tensor) -> Tensor:
        """T5DenseActDense and T5DenseGatedActDense; what comes to `wo` is cast to its weight's dtype first."""
        m, activation = self.m, self.spec.mlp.activation
        if self.gate is None:
            x = self.up(x)
            x = activated(m, "mlp.activation", x, activation)
        else:
            gate = activated(m, "mlp.activation", self.gate(x), activation)
            up = self.up(x)
            x = ops.mul(m, "mlp", gate, up)
        x = ops.dropout(m, "mlp.hidden_dropout", x, self.spec.mlp.hidden_dropout)
        x = ops.cast(m, x, self.down.weight.dtype)
        return self.down(x)

    @property
    def _drop(self) -> float:
        return self.spec.embedding.dropout


class Attention:
    """T5Attention; `own`: it makes the relative bias of its stack."""

    def __init__(self, m: Machine, path: str, spec: Seq2Seq, plan: Plan, causal: bool, own: bool) -> None:
        self.m, self.path, self.spec, self.causal = m, path, spec, causal
        self.learned = plan.checkpointing == "block"  # zeros in the place of a bias then want a gradient
        self.kernel = plan.masked_kernel
        width = spec.attention.heads * spec.head_size
        self.q, self.k, self.v = (Linear(m, f"{path}.{name}", width, spec.d_model, False) for name in "qkv")
        self.out = Linear(m, f"{path}.out", spec.d_model, width, False)
        self.relative: Parameter | None = None
        if own:
            assert spec.relative is not None  # as the class has it
            shape = (spec.relative.buckets, spec.attention.heads)
            self.relative = m.parameter(f"{path}.relative.weight", shape, "position")

    def __call__(self, x: Tensor, source: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        q, k, v = self._heads(self.q(x)), self._heads(self.k(source)), self._heads(self.v(source))
        if bias is None:
            bias = self._bias(q, k)
        attended = self._attend(q, k, v, bias)
        attended = self.out(attended)
        return attended, bias

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """create_position_bias_mask, and the kernel that takes it."""
        m, path = self.m, self.path
        mask = causal_bias(m, path, bias) if self.causal else bias
        if path == "attention":
            mask = laid_out(m, path, mask)
        return merge(m, attend(m, path, q, k, v, self.kernel, self.spec.attention.dropout, causal=False, mask=mask))

    def _bias(self, q: Tensor, k: Tensor) -> Tensor:
        m, path = self.m, self.path
        if self.relative is not None:
            return relative_bias(m, path, self.relative, q.shape[2], bidirectional=not self.causal)
        zeros = m.empty((1, q.shape[1], q.shape[2], k.shape[2]), q.dtype, "zeros")
        return m.leaf(zeros) if self.learned else zeros

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], self.spec.attention.heads, x.shape[1], self.spec.head_size)
