"""The decoder's forward pass, op by op, as its torch module runs it."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.attention import self_attention
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor
from advisor.spec import Decoder, Plan
from advisor.spec.check import Size

ACTIVATIONS = {"gelu": ops.gelu, "relu": ops.relu}
Weights = dict[str, tuple[Parameter, Parameter | None]]  # layer -> weight, bias


def forward(m: Machine, spec: Decoder, plan: Plan, ids: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """ids, targets [B, T] -> (logits [B, T, V], loss).

    Two blocks stand for all: the first, and the second repeated depth - 1 times.
    """
    m.tape.begin(Segment("forward", "embedding"))
    token = m.parameter("token.weight", (spec.embedding.vocab, spec.d_model), "embedding")
    position = m.parameter("position.weight", (spec.context, spec.d_model), "position")
    x = _embed(m, spec, ids, token, position)
    for segment in (Segment("forward", "blocks.0"), Segment("forward", "blocks.{}", spec.depth - 1, first=1)):
        m.tape.begin(segment)
        x = _block(m, spec, plan, x)
    m.tape.begin(Segment("forward", ""))
    x = ops.layer_norm(m, "norm", x, *_norm_weights(m, "norm", spec))
    head = token if spec.head.tied else m.parameter("head.weight", token.shape, "head")
    bias = m.parameter("head.bias", (spec.embedding.vocab,), "bias") if spec.head.bias else None
    logits = ops.linear(m, "head", x, head, bias)
    loss = ops.cross_entropy(m, "loss", logits.view(ids.numel, spec.embedding.vocab), targets)
    return logits, loss


def _embed(m: Machine, spec: Decoder, ids: Tensor, token: Parameter, position: Parameter) -> Tensor:
    positions = m.empty((ids.shape[1],), "int64", "arange")
    x = ops.add(m, "", ops.embedding(m, "token", ids, token), ops.embedding(m, "position", positions, position))
    return ops.dropout(m, "dropout", x, spec.embedding.dropout)


def _block(m: Machine, spec: Decoder, plan: Plan, x: Tensor) -> Tensor:
    weights = _block_weights(m, spec)
    run = _pre_norm_block if spec.norm.placement == "pre" else _post_norm_block
    if plan.checkpointing == "block":
        return m.checkpoint(lambda t: run(m, spec, plan, weights, t), x)
    return run(m, spec, plan, weights, x)


def _pre_norm_block(m: Machine, spec: Decoder, plan: Plan, weights: Weights, x: Tensor) -> Tensor:
    def normed(path: str) -> Tensor:
        return ops.layer_norm(m, path, x, *weights[path])

    x = ops.add(m, "attention_residual", x, _attention(m, spec, plan, weights, normed("attention_norm")))
    return ops.add(m, "mlp_residual", x, _mlp(m, spec, weights, normed("mlp_norm")))


def _post_norm_block(m: Machine, spec: Decoder, plan: Plan, weights: Weights, x: Tensor) -> Tensor:
    sum_ = ops.add(m, "attention_residual", x, _attention(m, spec, plan, weights, x))
    x = ops.layer_norm(m, "attention_norm", sum_, *weights["attention_norm"])
    del sum_
    sum_ = ops.add(m, "mlp_residual", x, _mlp(m, spec, weights, x))
    return ops.layer_norm(m, "mlp_norm", sum_, *weights["mlp_norm"])


def _attention(m: Machine, spec: Decoder, plan: Plan, weights: Weights, x: Tensor) -> Tensor:
    p = spec.attention.dropout
    qkv = ops.linear(m, "attention.qkv", x, *weights["attention.qkv"])
    y = self_attention(m, "attention", qkv, spec.attention.heads, plan.kernel, p)
    return ops.dropout(m, "attention.dropout", ops.linear(m, "attention.out", y, *weights["attention.out"]), p)


def _mlp(m: Machine, spec: Decoder, weights: Weights, x: Tensor) -> Tensor:
    activation = ACTIVATIONS[spec.mlp.activation]
    hidden = activation(m, "mlp.activation", ops.linear(m, "mlp.up", x, *weights["mlp.up"]))
    hidden = ops.dropout(m, "mlp.hidden_dropout", hidden, spec.mlp.hidden_dropout)
    return ops.dropout(m, "mlp.dropout", ops.linear(m, "mlp.down", hidden, *weights["mlp.down"]), spec.mlp.dropout)


def _block_weights(m: Machine, spec: Decoder) -> Weights:
    d, attention, mlp = spec.d_model, spec.attention, spec.mlp
    return {
        "attention_norm": _norm_weights(m, "attention_norm", spec),
        "attention.qkv": _linear_weights(m, "attention.qkv", 3 * d, d, attention.qkv_bias),
        "attention.out": _linear_weights(m, "attention.out", d, d, attention.out_bias),
        "mlp_norm": _norm_weights(m, "mlp_norm", spec),
        "mlp.up": _linear_weights(m, "mlp.up", mlp.hidden, d, mlp.bias),
        "mlp.down": _linear_weights(m, "mlp.down", d, mlp.hidden, mlp.bias),
    }


def _linear_weights(m: Machine, path: str, out: Size, width: Size, bias: bool) -> tuple[Parameter, Parameter | None]:
    weight = m.parameter(f"{path}.weight", (out, width), "matrix")
    return weight, m.parameter(f"{path}.bias", (out,), "bias") if bias else None


def _norm_weights(m: Machine, path: str, spec: Decoder) -> tuple[Parameter, Parameter | None]:
    weight = m.parameter(f"{path}.weight", (spec.d_model,), "norm")
    return weight, m.parameter(f"{path}.bias", (spec.d_model,), "bias") if spec.norm.bias else None
