"""Rotary position embedding as studies/trial/modules/rotary.py applies it."""

from __future__ import annotations

from typing import Any

from advisor.ledger import ops
from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor
from advisor.spec.blocks import Rotary


class Rotation:
    """cos and sin [T, 1, R], cast once per forward pass to the dtype of what they rotate; xPos has others for keys."""

    def __init__(self, m: Machine, spec: Rotary, context: Any, sequence: Any, size: Any, of_keys: bool = False) -> None:
        self.size = size
        self._tables = [m.buffer((context, size), "fp32").view(sequence, 1, size) for _ in range(2)]
        self._keys = Rotation(m, spec, context, sequence, size, True) if spec.xpos and not of_keys else None

    @property
    def keys(self) -> Rotation:
        """The rotation of keys."""
        return self if self._keys is None else self._keys

    def __call__(self, m: Machine, path: str, x: Tensor) -> Tensor:
        """x [B, T, H, K] with the first R of each head rotated."""
        m.tape.path = path
        cos, sin = self._in(m, x.dtype)
        if branch(self.size < x.shape[-1]):
            lead = x.shape[:-1]
            rotated, rest = ops.chunk(m, path, x, [(*lead, self.size), (*lead, x.shape[-1] - self.size)])
            return ops.cat(m, path, [_rotate(m, path, rotated, cos, sin), rest])
        return _rotate(m, path, x, cos, sin)

    def _in(self, m: Machine, dtype: str) -> list[Tensor]:
        if self._tables[0].dtype != dtype:
            self._tables = [m.empty(t.shape, dtype, "_to_copy") for t in self._tables]
        return self._tables


def _rotate(m: Machine, path: str, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = ops.chunk(m, path, x, [(*x.shape[:-1], x.shape[-1] // 2)] * 2)
    return ops.add(
        m,
        path,
        ops.scale(m, path, x, cos),
        ops.scale(m, path, ops.cat(m, path, [ops.neg(m, path, second), first]), sin),
    )
