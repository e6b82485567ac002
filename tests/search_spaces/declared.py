"""A small declaration that tests change."""

import copy
from typing import Any

DOCUMENT: dict[str, Any] = {
    "family": "decoder",
    "summary": "for tests",
    "fixed": {
        "context": 32,
        "sequence": 32,
        "vocab": 256,
        "precision": "fp32",
        "max_depth": 4,
        "weight_decay": 0.1,
        "head_size": 16,
    },
    "vary": {
        "learning_rate": {"low": 1e-4, "high": 1e-1, "log": True, "default": 1e-3},
        "dropout": {"low": 0.0, "high": 0.3, "default": 0.1},
        "d_model": {"low": 16, "high": 64, "step": 16, "default": 32},
        "ffn_ratio": {"choices": [2, 4], "default": 4},
        "batch": {"choices": [2, 4, 8], "default": 4},
        "depth_fraction": {"low": 0.0, "high": 1.0, "default": 0.5},
    },
}


def document(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The declaration, with values set by dotted path; None removes the key."""
    changed = copy.deepcopy(DOCUMENT)
    for path, value in (changes or {}).items():
        *tables, key = path.split(".")
        table = changed
        for name in tables:
            table = table.setdefault(name, {})
        table.pop(key, None) if value is None else table.update({key: value})
    return changed
