"""Layers with weights, as torch.nn has them: norms and linear layers."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor
from advisor.spec import blocks
from advisor.spec.check import Size


class Norm:
    """A norm with its weights."""

    def __init__(self, m: Machine, path: str, spec: blocks.Norm, width: Size) -> None:
        self.m, self.path, self.kind = m, path, spec.kind
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")
        self.bias = m.parameter(f"{path}.bias", (width,), "bias") if spec.bias else None

    def __call__(self, x: Tensor) -> Tensor:
        if self.kind == "rms":
            return ops.rms_norm(self.m, self.path, x, self.weight)
        return ops.layer_norm(self.m, self.path, x, self.weight, self.bias)


class Linear:
    """A linear layer with its weights."""

    def __init__(self, m: Machine, path: str, out: Size, width: Size, bias: bool) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (out, width), "matrix")
        self.bias = m.parameter(f"{path}.bias", (out,), "bias") if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return ops.linear(self.m, self.path, x, self.weight, self.bias)


class HeadNorm:
    """RMS norm over each query or key head."""

    def __init__(self, m: Machine, path: str, width: Size) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")

    def __call__(self, x: Tensor) -> Tensor:
        return ops.rms_norm(self.m, self.path, x, self.weight)
