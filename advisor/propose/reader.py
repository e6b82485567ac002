"""Reads a question: as a command line, a form or a JSON body has it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from advisor.errors import InputError
from advisor.gpus import GPU
from advisor.propose.axes import Limits
from advisor.propose.pins import parse_pins
from advisor.propose.question import Question
from advisor.units import parse_count

MAX_SECONDS = 10 * 365 * 86400


def question(
    gpu: GPU, gpus: int | None, hours: float, family: str = "decoder", precision: str | None = None,
    pinned: Sequence[str] = (), parameters: str | None = None, min_tokens_per_second: float | None = None, **asked: Any,
) -> Question:  # fmt: skip
    """What the texts of a command line, a form or a body ask. Raises InputError for an impossible number."""
    if not 0 < hours * 3600 <= MAX_SECONDS:
        raise InputError("--hours", expected=f"a positive number of hours up to {MAX_SECONDS // 3600}", got=hours)
    open_question = Question(
        gpu=gpu, gpus=gpus, seconds=hours * 3600, family=family, parameters=_parameters(parameters),
        tokens_per_second=min_tokens_per_second, **asked,
    )  # fmt: skip
    texts = [*pinned, *([f"precision={precision}"] if precision else [])]
    return dataclasses.replace(open_question, pins=parse_pins(texts, open_question.grid))


def _parameters(text: str | None) -> Limits | None:
    """'100M..200M'; a single count means 5 % either way."""
    if text is None:
        return None
    low, dots, high = text.partition("..")
    ends = [int(parse_count(end, "--parameters")) for end in ((low, high) if dots else (low, low))]
    if not dots:
        ends = [ends[0] * 95 // 100, ends[1] * 105 // 100]
    if ends[0] > ends[1]:
        raise InputError("--parameters", expected="LOW..HIGH", got=text, nearest=f"{high}..{low}")
    return Limits(low=ends[0], high=ends[1])
