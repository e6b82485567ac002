"""The form of the Propose page: a GPU, hours, data, and what is known already."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from advisor.errors import AdvisorError, InputError
from advisor.http.pages.controls import Control, Filled
from advisor.http.pages.size_form import devices
from advisor.propose import Question
from advisor.propose.grids import GRIDS
from advisor.propose.reader import question
from advisor.spec.plan import PRECISIONS
from advisor.units import parse_count

ASKED = (
    Control(name="gpu", label="GPU", kind="text", default="RTX 4090",
            hint="Type any part of a name; 8x NAME for several; an amount such as 14 GiB; local for this machine's."),
    Control(name="hours", label="Training time", unit="h", kind="text", default="24"),
    Control(name="tokens_available", label="Training data", unit="tokens", kind="text",
            hint="Such as 2B; a longer training repeats it. Empty: as much as the time takes."),
    Control(name="family", label="Family", kind="choice", choices=tuple(GRIDS)),
)  # fmt: skip
KNOWN = (
    Control(name="parameters", label="Parameters", kind="text", hint="100M..200M, or 124M."),
    Control(name="vocab", label="Vocabulary", unit="tokens"),
    Control(name="context", label="Context", unit="tokens"),
    Control(name="precision", label="Precision", kind="choice", choices=("any", *PRECISIONS)),
    Control(name="min_tokens_per_second", label="At least", unit="tokens/s", kind="text"),
    Control(name="confidence", label="Probability that it fits", kind="text", default="0.95"),
    Control(name="pinned", label="Pinned fields", kind="area",
            hint="One per line: d_model=768, depth=4..12, mlp=swiglu."),
)  # fmt: skip
CONTROLS = (*ASKED, *KNOWN)
MAX_PINS = 40
# where an error's path begins -> the control it belongs to
PATHS = {
    "GPU": "gpu", "--gpu": "gpu", "fraction": "gpu", "Training time": "hours", "--hours": "hours",
    "Training data": "tokens_available", "--tokens-available": "tokens_available", "--family": "family",
    "--parameters": "parameters", "--vocab": "vocab", "--context": "context", "--confidence": "confidence",
    "Probability": "confidence", "At least": "min_tokens_per_second", "--set": "pinned", "field": "pinned",
}  # fmt: skip


def read(sent: Mapping[str, str]) -> tuple[Filled, Question | None]:
    """The form that was sent and the question that it asks; None, with the form's errors set, where it asks none."""
    filled = Filled.of(CONTROLS, sent)
    if filled.errors:
        return filled, None
    try:
        return filled, _question(filled.values)
    except AdvisorError as error:
        filled.blame(error, PATHS)
        return filled, None


def _question(values: Mapping[str, Any]) -> Question:
    on = devices(values["gpu"])
    pins = [line.strip() for line in values["pinned"].splitlines() if line.strip()]
    if len(pins) > MAX_PINS:
        raise InputError("--set", expected=f"at most {MAX_PINS} fields", got=len(pins))
    return question(
        on.gpu, on.count if on.count > 1 else None, hours=_number("Training time", values["hours"]),
        family=values["family"], precision=None if values["precision"] == "any" else values["precision"], pinned=pins,
        parameters=values["parameters"] or None, vocab=values["vocab"], context=values["context"],
        tokens_available=_count("Training data", values["tokens_available"]),
        min_tokens_per_second=_count("At least", values["min_tokens_per_second"]),
        confidence=_number("Probability", values["confidence"]),
    )  # fmt: skip


def _count(what: str, text: str) -> float | None:
    return parse_count(text, what) if text else None


def _number(what: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(what, expected="a number", got=text)
    return value
