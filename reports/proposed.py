"""A proposal as the target of a study holds it: plain values, some of them missing in studies of older versions."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports import words


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What is said of one proposal, `share` being that of the GPU's memory."""

    gpu: str
    name: str
    parameters: int | None = None
    memory_bytes: int | None = None
    share: float | None = None
    hours: float | None = None
    predicted_loss: float | None = None
    loss_low: float | None = None
    loss_high: float | None = None


def proposed(target: Mapping[str, Any]) -> list[Proposed]:
    """The proposals, best first; none where no GPU was asked about."""
    gpu, listed = target.get("gpu"), target.get("proposals")
    if not isinstance(gpu, Mapping) or not isinstance(listed, list):
        return []
    return [_one(gpu, row) for row in listed if isinstance(row, Mapping)]


def _one(gpu: Mapping[str, Any], row: Mapping[str, Any]) -> Proposed:
    names = {field.name for field in dataclasses.fields(Proposed)} - {"gpu", "name", "share"}
    memory, whole = row.get("memory_bytes"), gpu.get("memory_bytes")
    return Proposed(
        gpu=words.text(gpu.get("name")),
        name=words.text(row.get("name")),
        share=memory / whole if memory and whole else None,
        **{name: row.get(name) for name in names},
    )
