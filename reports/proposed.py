"""A proposal as the target of a study holds it: plain values, some of them missing in studies of older versions."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from advisor.errors import AdvisorError
from advisor.explain import Point
from advisor.gpus import GPU, custom, find
from advisor.spec import Model, Plan
from advisor.spec.proposal import Stored
from advisor.spec.text import model_from_data, plan_from_data
from advisor.timing import shipped
from reports import words
from reports.card import MissingError


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


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The first proposal, whole; `gpu` has the memory that was asked about, and speeds where it is in the catalogue."""

    name: str
    model: Model
    plan: Plan
    gpu: GPU

    @property
    def point(self) -> Point:
        """Where memory and time can be asked for their slopes."""
        return Point(self.model, self.plan, self.gpu, shipped)

    @property
    def stored(self) -> Stored:
        """As what can be exported."""
        return Stored(name=self.name, model=self.model, plan=self.plan)


def chosen(target: Mapping[str, Any]) -> Chosen:
    """Raises MissingError where no GPU was asked about, and for studies of versions that kept no model."""
    gpu, listed = gpu_of(target), target.get("proposals")
    if gpu is None or not isinstance(listed, list) or not listed:
        raise MissingError("No target GPU was named: this study tunes, but it sizes nothing.")
    try:
        model, plan = model_from_data(listed[0]["model"]), plan_from_data(listed[0]["plan"])
    except (AdvisorError, KeyError, TypeError) as error:
        raise MissingError(f"The study keeps no model of its proposals that could be built again: {error}") from None
    return Chosen(name=words.text(listed[0].get("name")), model=model, plan=plan, gpu=gpu)


def gpu_of(target: Mapping[str, Any]) -> GPU | None:
    """The GPU that was asked about: the catalogue's, or what is known of another; None without one."""
    named = target.get("gpu")
    if not isinstance(named, Mapping):
        return None
    name, memory = str(named.get("name")), named.get("memory_bytes")
    try:
        found = find(name)
    except AdvisorError:
        return replace(custom(memory), name=words.text(name)) if isinstance(memory, int) and memory > 0 else None
    return found if memory in (None, found.memory_bytes) else replace(found, memory_bytes=int(memory or 0))


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
