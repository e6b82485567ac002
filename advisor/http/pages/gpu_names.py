"""Suggestions as one types the name of a GPU: names that `lookup.find` takes."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.gpus import GPU, lookup, search
from advisor.units import GIB, format_bytes

SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A name, and what tells its card from its neighbors."""

    name: str
    detail: str


def suggestions(typed: str, limit: int = SHOWN) -> list[Suggestion]:
    """The likeliest GPUs; a card of the list that goes by the name of one of the catalogue is left to that one.

    >>> [s.name for s in suggestions("a100 80")]
    ['A100 SXM4 80GB', 'A100 PCIe 80GB']
    """
    likely = search.found(typed)[: 2 * limit]
    return [Suggestion(name=name, detail=_detail(gpu)) for gpu in likely if (name := name_of(gpu))][:limit]


def name_of(gpu: GPU) -> str | None:
    """The shortest name that names this GPU and no other; None where there is none."""
    size = f"{gpu.nominal_memory_bytes // GIB}GB"
    names = (gpu.name, f"{gpu.brand} {gpu.name}", f"{gpu.name} {size}", f"{gpu.brand} {gpu.name} {size}")
    return next((name for name in names if lookup.exact(name) is gpu), None)


def _detail(gpu: GPU) -> str:
    parts = (format_bytes(gpu.memory_bytes), gpu.architecture, str(gpu.released or ""))
    return ", ".join(part for part in parts if part)
