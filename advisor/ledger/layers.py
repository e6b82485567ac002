"""Layers with weights, as torch.nn has them: norms and linear layers."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor
from advisor.spec import LoRA, blocks
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

    def __init__(self, m: Machine, path: str, out: Size, width: Size, bias: bool, role: str = "matrix") -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (out, width), role)
        self.bias = m.parameter(f"{path}.bias", (out,), "bias") if bias else None
        adapted = m.lora is not None and m.lora.adapts(path)
        self.adapter = Adapter(m, path, out, width, m.lora) if m.lora is not None and adapted else None

    def __call__(self, x: Tensor) -> Tensor:
        result = ops.linear(self.m, self.path, x, self.weight, self.bias)
        if self.adapter is None:
            return result
        dtype, path = result.dtype, f"{self.path}.lora"
        self.m.tape.path = path
        x = ops.cast(self.m, x, self.adapter.a.dtype)
        result = ops.add(self.m, path, result, self.adapter(x))
        return ops.cast(self.m, result, dtype)


class Adapter:
    """LoRA's thin matrices A and B beside a frozen weight, as studies/trial/modules/lora.py has them."""

    def __init__(self, m: Machine, path: str, out: Size, width: Size, lora: LoRA) -> None:
        self.m, self.path, self.dropout = m, path, lora.dropout
        self.a = m.parameter(f"{path}.lora_a.weight", (lora.rank, width), "adapter")
        self.b = m.parameter(f"{path}.lora_b.weight", (out, lora.rank), "adapter")

    def __call__(self, x: Tensor) -> Tensor:
        """B A dropout(x), scaled."""
        return ops.scale(self.m, f"{self.path}.lora", self._product(x))

    def _product(self, x: Tensor) -> Tensor:
        return ops.linear(self.m, f"{self.path}.lora_b", self._thin(x), self.b)

    def _thin(self, x: Tensor) -> Tensor:
        dropped = ops.dropout(self.m, f"{self.path}.dropout", x, self.dropout)
        return ops.linear(self.m, f"{self.path}.lora_a", dropped, self.a)


class HeadNorm:
    """RMS norm over each query or key head."""

    def __init__(self, m: Machine, path: str, width: Size) -> None:
        self.m, self.path = m, path
        self.weight = m.parameter(f"{path}.weight", (width,), "norm")

    def __call__(self, x: Tensor) -> Tensor:
        return ops.rms_norm(self.m, self.path, x, self.weight)
