"""Addresses that ask what somebody has found: a model and its plan on the Size page."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import urlencode

from advisor.http.pages.size_form import CONFIG
from advisor.spec import Model, Plan
from advisor.spec.text import model_to_data

PLANNED = (
    "batch",
    "sequence",
    "target_sequence",
    "accumulation",
    "precision",
    "optimizer",
    "checkpointing",
    "sharding",
)


def size_link(model: Model, plan: Plan, gpu: str) -> str:
    """The address of the Size page that sizes this."""
    config = json.dumps({"family": model_to_data(model)["family"], **_told(model)}, separators=(",", ":"))
    planned = {name: value for name, value in _told(plan).items() if name in PLANNED}
    return "/?" + urlencode({"gpu": gpu, "model": CONFIG, "config": config, **planned})


def _told(block: Any) -> dict[str, Any]:
    """The fields of a block that differ from their defaults, and those of the blocks in it."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(block):
        value = getattr(block, field.name)
        default = field.default_factory() if callable(field.default_factory) else field.default
        if value != default:
            found[field.name] = _told(value) if dataclasses.is_dataclass(value) else value
    return found
