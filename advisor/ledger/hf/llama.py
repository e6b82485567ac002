"""LlamaForCausalLM's forward pass, op by op (transformers/models/llama/modeling_llama.py), and that of its kin.

Those of Qwen2, Qwen3 and Mistral are the same but for biases, norms of queries and keys, and a window.
"""

from __future__ import annotations

from collections.abc import Callable

from advisor.ledger import ops
from advisor.ledger.attention import attend, derived, merge
from advisor.ledger.branch import branch
from advisor.ledger.hf import rotary
from advisor.ledger.hf.ops import activated, broadcast, causal_lm_loss, power, reciprocal_root, row_mean
from advisor.ledger.layers import Linear
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.stack import stack
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import MLP, Decoder, Plan
from advisor.spec.check import Size

MakeNorm = Callable[[Machine, str, Size], Callable[[Tensor], Tensor]]


def forward(m: Machine, spec: Decoder, plan: Plan) -> tuple[Tensor, Tensor]:
    """Token ids and labels [B, T] -> (logits [B, T, V], loss)."""
    return causal_lm(m, spec, plan, RMSNorm)


def causal_lm(m: Machine, spec: Decoder, plan: Plan, norm: MakeNorm) -> tuple[Tensor, Tensor]:
    """Such a forward pass with the norm of the class."""
    ids, labels = (m.given((plan.batch, plan.sequence), "int64") for _ in range(2))
    rotary.frequencies(m, spec.head_size)
    scale = m.buffer((), m.weight_dtype) if spec.embedding.scaled else None
    m.tape.begin(Segment("forward", "embedding"))
    token = m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")
    hidden = _model(m, spec, plan, norm, _embedded(m, spec, plan, ids, token, scale))
    head = token if spec.head.tied else m.parameter("head.weight", token.shape, "head")
    logits = ops.linear(m, "head", hidden, head)
    return logits, causal_lm_loss(m, logits, labels)


def _embedded(m: Machine, spec: Decoder, plan: Plan, ids: Tensor, token: Parameter, scale: Tensor | None) -> Tensor:
    """The embedding; GemmaTextScaledWordEmbedding multiplies it by a buffer of one number.

    Where layers are checkpointed, peft makes it require a gradient (make_inputs_require_grads).
    """
    x = ops.embedding(m, "token", ids, token)
    x = x if scale is None else ops.scale(m, "scale", x, scale)
    return m.leaf(x) if plan.lora is not None and plan.checkpointing == "block" else x


def _model(m: Machine, spec: Decoder, plan: Plan, norm: MakeNorm, inputs_embeds: Tensor) -> Tensor:
    """LlamaModel: the embeddings, the position ids and the rotary tables live until it returns."""
    position_ids = m.empty((plan.sequence,), "int64", "arange")
    mask = _mask(m, spec, plan)
    tables = rotary.tables(m, plan.sequence, spec.head_size, inputs_embeds.dtype)
    x = inputs_embeds
    for kind in stack(m, "blocks", spec.depth, plan.checkpoint_period):
        layer = Layer(m, spec, plan, norm, (position_ids, *tables), mask)
        x = m.checkpoint(layer, x) if plan.recomputes(kind) == "block" else layer(x)
    m.tape.begin(Segment("forward", ""))
    x = norm(m, "norm", spec.d_model)(x)
    del position_ids, inputs_embeds, mask
    return x


def _mask(m: Machine, spec: Decoder, plan: Plan) -> Tensor | None:
    """create_sliding_window_causal_mask: booleans [B, 1, T, T] of one storage [T, T], where the window is in reach."""
    window = spec.attention.window
    if window is None or not branch(plan.sequence >= window):
        return None
    m.tape.path = "mask"
    square = (plan.sequence, plan.sequence)
    near, past = (m.empty(square, "bool", op) for op in ("gt", "le"))
    whole = m.empty(square, "bool", "bitwise_and")
    del near, past
    return Tensor((plan.batch, 1, *square), "bool", whole.storage)


class RMSNorm:
    """LlamaRMSNorm: in fp32, each op of its own."""

    def __init__(self, m: Machine, path: str, width: Size) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")

    def __call__(self, x: Tensor) -> Tensor:
        m, path, dtype = self.m, self.path, x.dtype
        m.tape.path = path
        x = ops.cast(m, x, "fp32")
        variance = row_mean(m, path, power(m, path, x))
        root = reciprocal_root(m, path, variance)
        x = broadcast(m, path, x, root)
        del root
        return broadcast(m, path, ops.cast(m, x, dtype), self.weight)


class Layer:
    """LlamaDecoderLayer; a checkpointed one keeps its arguments until it is recomputed, the position ids too."""

    def __init__(
        self, m: Machine, spec: Decoder, plan: Plan, norm: MakeNorm, positions: tuple[Tensor, ...], mask: Tensor | None
    ) -> None:  # fmt: skip
        self.m, self.spec, self.positions, self.mask = m, spec, positions, mask
        self.kernel = plan.kernel if mask is None else plan.masked_kernel
        assert isinstance(spec.mlp, MLP)  # as the class has it
        self.activation = spec.mlp.activation
        a, d_model, hidden = spec.attention, spec.d_model, spec.mlp.hidden
        self.q = Linear(m, "attention.q", a.heads * spec.head_size, d_model, a.qkv_bias)
        self.k = Linear(m, "attention.k", spec.kv_heads * spec.head_size, d_model, a.qkv_bias)
        self.v = Linear(m, "attention.v", spec.kv_heads * spec.head_size, d_model, a.qkv_bias)
        self.out = Linear(m, "attention.out", d_model, a.heads * spec.head_size, a.out_bias)
        if a.qk_norm:
            self.q_norm, self.k_norm = (norm(m, f"attention.{name}_norm", spec.head_size) for name in "qk")
        self.gate = Linear(m, "mlp.gate", hidden, d_model, spec.mlp.bias)
        self.up = Linear(m, "mlp.up", hidden, d_model, spec.mlp.bias)
        self.down = Linear(m, "mlp.down", d_model, hidden, spec.mlp.bias)
        self.input_norm = norm(m, "attention_norm", d_model)
        self.post_norm = norm(m, "mlp_norm", d_model)

    def __call__(self, x: Tensor) -> Tensor:
        residual = x
        x = self.input_norm(x)
        x = self._attention(x)
        x = ops.add(self.m, "attention_residual", residual, x)
        residual = x
        x = self.post_norm(x)
        x = self._mlp(x)
        return ops.add(self.m, "mlp_residual", residual, x)

    def _attention(self, x: Tensor) -> Tensor:
        q, k, v = self._queries(x), self._keys(x), self._heads(self.v(x))
        _, cos, sin = self.positions
        q, k = (rotary.rotate(self.m, t, (cos, sin)) for t in (q, k))
        if self.mask is not None and branch(k.shape[1] < q.shape[1]):
            k, v = self._repeated(k), self._repeated(v)
        return self.out(self._attend(q, k, v))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Heads that queries share go to sdpa as they are but under a mask (enable_gqa): flash takes them, and math."""
        p, causal, kernel = self.spec.attention.dropout, self.mask is None, self.kernel
        if kernel != "flash" and branch(k.shape[1] < q.shape[1]):
            kernel = "math"
        return merge(self.m, attend(self.m, "attention", q, k, v, kernel, p, causal=causal, mask=self.mask))

    def _queries(self, x: Tensor) -> Tensor:
        q = self._heads(self.q(x))
        return self.q_norm(q) if self.spec.attention.qk_norm else q

    def _keys(self, x: Tensor) -> Tensor:
        k = self._heads(self.k(x))
        return self.k_norm(k) if self.spec.attention.qk_norm else k

    def _repeated(self, x: Tensor) -> Tensor:
        """repeat_kv: each head as often as queries share it; of a single one, no copy."""
        batch, heads, sequence, size = x.shape
        times = self.spec.attention.heads // heads
        if branch(heads == 1):
            y = derived(self.m, x, x.shape, "sum")
        else:
            y = ops.repeat(self.m, "attention", x.view(batch, sequence, heads, size), times)
        return y.view(batch, heads * times, sequence, size)

    def _heads(self, x: Tensor) -> Tensor:
        size = self.spec.head_size
        return x.view(x.shape[0], x.shape[2] // size, x.shape[1], size)

    def _mlp(self, x: Tensor) -> Tensor:
        return self.down(ops.mul(self.m, "mlp", self._gated(x), self.up(x)))

    def _gated(self, x: Tensor) -> Tensor:
        return activated(self.m, "mlp.activation", self.gate(x), self.activation)
