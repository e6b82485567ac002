"""Mixture of experts, as studies/trial/modules/moe.py runs it. No size depends on the routing."""

from __future__ import annotations

from advisor.ledger import moe_ops, ops
from advisor.ledger.layers import Linear
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.mlp import ACTIVATIONS, MLP
from advisor.ledger.tensor import Tensor
from advisor.spec import blocks
from advisor.spec.check import Size


class Experts:
    """MLPs of one shape, their weights stacked."""

    def __init__(self, m: Machine, spec: blocks.MoE, d_model: Size) -> None:
        self.m, self.spec = m, spec
        self.up = self._stacked("up", spec.hidden, d_model)
        self.down = self._stacked("down", d_model, spec.hidden)
        self.gate = self._stacked("gate", spec.hidden, d_model) if spec.gated else None

    def _stacked(self, name: str, out: Size, width: Size) -> Parameter:
        shape = (self.spec.experts, out, width)
        return self.m.parameter(f"mlp.experts.{name}", shape, "experts", active=self.spec.active * out * width)

    def __call__(self, x: Tensor, offsets: Tensor) -> Tensor:
        if self.gate is None:
            hidden = self._activated(self._linear("up", x, self.up, offsets))
        else:
            gated = self._activated(self._linear("gate", x, self.gate, offsets))
            hidden = ops.mul(self.m, "mlp.experts", gated, self._linear("up", x, self.up, offsets))
            del gated
        return self._linear("down", hidden, self.down, offsets)

    def _linear(self, name: str, x: Tensor, weight: Parameter, offsets: Tensor) -> Tensor:
        return moe_ops.grouped_linear(self.m, f"mlp.experts.{name}", x, weight, offsets)

    def _activated(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.spec.activation](self.m, "mlp.experts.activation", x)


class SharedExpert:
    """An expert that all tokens go through, times a gate."""

    def __init__(self, m: Machine, spec: blocks.MLP, d_model: Size) -> None:
        self.m = m
        self.mlp = MLP(m, spec, d_model, "mlp.shared.mlp")
        self.gate = Linear(m, "mlp.shared.gate", 1, d_model, bias=False, role="gate")

    def __call__(self, x: Tensor) -> Tensor:
        y = self.mlp(x)
        return moe_ops.mul_gate(self.m, "mlp.shared", moe_ops.sigmoid(self.m, "mlp.shared", self.gate(x)), y)


class MixtureOfExperts:
    """The outputs of each token's experts, weighted by the router."""

    def __init__(self, m: Machine, spec: blocks.MoE, d_model: Size) -> None:
        self.m, self.spec = m, spec
        self.router = Linear(m, "mlp.router", spec.experts, d_model, bias=False, role="gate")
        self.experts = Experts(m, spec, d_model)
        self.shared = None if spec.shared is None else SharedExpert(m, spec.shared, d_model)

    def __call__(self, x: Tensor) -> Tensor:
        shape = x.shape
        x = ops.view(self.m, x, shape[0] * shape[1], shape[2])
        logits = self.router(x)
        weights, experts = self._route(logits)
        y = self._mixed(ops.cast(self.m, x, logits.dtype), ops.cast(self.m, weights, logits.dtype), experts)
        if self.shared is not None:
            y = ops.add(self.m, "mlp.sum", y, self.shared(x))
        return ops.dropout(self.m, "mlp.dropout", ops.view(self.m, y, *shape), self.spec.dropout)

    def _route(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        probabilities = moe_ops.softmax(self.m, "mlp.router", logits)
        weights, experts = moe_ops.topk(self.m, "mlp.router", probabilities, self.spec.active)
        if self.spec.normalized:
            weights = moe_ops.normalize(self.m, "mlp.router", weights)
        return weights, experts

    def _mixed(self, x: Tensor, weights: Tensor, experts: Tensor) -> Tensor:
        sorted_experts, order = moe_ops.sort(self.m, "mlp.sort", experts.numel)
        numbers = self.m.empty((self.spec.experts,), "int64", "arange")
        offsets = self.m.empty((self.spec.experts,), "int32", "searchsorted")
        y = self.experts(self._taken(x, order), offsets)
        in_order = moe_ops.index_select(self.m, "mlp.sort", y, moe_ops.sort(self.m, "mlp.sort", order.numel)[1])
        y = moe_ops.weighted_sum(self.m, "mlp.sum", weights, in_order)
        del sorted_experts, numbers  # which live as long as the other names
        return y

    def _taken(self, x: Tensor, order: Tensor) -> Tensor:
        """The token of each pair, in the order of experts."""
        tokens = self.m.empty(order.shape, "int64", "floor_divide")
        return moe_ops.index_select(self.m, "mlp.sort", x, tokens)
