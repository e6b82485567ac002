"""Rotary position embedding: a table of angles, applied to queries and keys."""

import torch
from torch import Tensor, nn

from advisor.spec import Rotary

XPOS_BASE = 512  # [tokens] over which queries grow by their base


class RotaryTable(nn.Module):
    """cos and sin of position times frequency, [context, R] in fp32; not part of the weights."""

    def __init__(self, spec: Rotary, context: int, size: int) -> None:
        super().__init__()
        frequencies = spec.base ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
        angles = torch.outer(torch.arange(context, dtype=torch.float32), frequencies).repeat(1, 2)
        self.xpos = spec.xpos
        if spec.xpos:
            growth = _growth(context, size)
            self._register("_of_keys", angles, 1 / growth)
            self._register("", angles, growth)
        else:
            self._register("", angles)

    def _register(self, suffix: str, angles: Tensor, growth: Tensor | float = 1.0) -> None:
        self.register_buffer(f"cos{suffix}", angles.cos() * growth, persistent=False)
        self.register_buffer(f"sin{suffix}", angles.sin() * growth, persistent=False)

    def forward(self, sequence: int, seen: int = 0) -> "Rotation":
        """The rotation of `sequence` positions after the first `seen`."""
        rows = slice(seen, seen + sequence)
        return Rotation(*self._tables("", rows), Rotation(*self._tables("_of_keys", rows)) if self.xpos else None)

    def _tables(self, suffix: str, rows: slice) -> tuple[Tensor, Tensor]:
        return self.get_buffer(f"cos{suffix}")[rows, None], self.get_buffer(f"sin{suffix}")[rows, None]


def _growth(context: int, size: int) -> Tensor:
    """[context, R]: how queries grow with their position, 1 in the middle (Sun et al. 2022; gamma 0.4, base 512)."""
    base = (torch.arange(0, size, 2, dtype=torch.float32) + 0.4 * size) / (1.4 * size)
    power = (torch.arange(context, dtype=torch.float32) - context // 2) / XPOS_BASE
    return (base ** power[:, None]).repeat(1, 2)


class Rotation:
    """cos and sin [T, 1, R], cast once per forward pass to the dtype of what they rotate; xPos has others for keys."""

    def __init__(self, cos_T1R: Tensor, sin_T1R: Tensor, keys: "Rotation | None" = None) -> None:
        self._tables = (cos_T1R, sin_T1R)
        self._keys = keys

    @property
    def keys(self) -> "Rotation":
        """The rotation of keys."""
        return self if self._keys is None else self._keys

    def __call__(self, x_BTHK: Tensor) -> Tensor:
        """x with the first R of each head rotated, halves against each other."""
        cos_T1R, sin_T1R = self._in(x_BTHK.dtype)
        size = cos_T1R.size(-1)
        if size < x_BTHK.size(-1):
            rotated, rest = torch.split(x_BTHK, [size, x_BTHK.size(-1) - size], dim=-1)
            return torch.cat((_rotate(rotated, cos_T1R, sin_T1R), rest), dim=-1)
        return _rotate(x_BTHK, cos_T1R, sin_T1R)

    def _in(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        if self._tables[0].dtype != dtype:
            self._tables = (self._tables[0].to(dtype), self._tables[1].to(dtype))
        return self._tables


def _rotate(x_BTHR: Tensor, cos_T1R: Tensor, sin_T1R: Tensor) -> Tensor:
    first, second = x_BTHR.chunk(2, dim=-1)
    return x_BTHR * cos_T1R + torch.cat((-second, first), dim=-1) * sin_T1R
