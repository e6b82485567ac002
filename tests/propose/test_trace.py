"""Every number of an answer is what its trace says, computed again from the traced inputs alone."""

import dataclasses
import functools
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from advisor.gpus import custom, find
from advisor.law.traced import Traced
from advisor.propose import Answer, Question, propose
from advisor.propose.data import as_data
from advisor.propose.pins import parse_pins
from advisor.propose.trace import trace

DAY = 86400.0
NARROW = ("d_model=768..1280", "precision=bf16", "optimizer=adamw", "checkpointing=none")


QUESTIONS: dict[str, dict[str, Any]] = {
    "a day": {},
    "little data": {"tokens_available": 200_000_000},
    "no time": {"gpu": custom(24 * 2**30)},
}


@functools.cache
def asked(name: str) -> Answer:
    question = Question(gpu=find("RTX 4090"), seconds=DAY)
    return propose(dataclasses.replace(question, pins=parse_pins(NARROW, question.grid), **QUESTIONS[name]))


# what a formula says, of its inputs
AGAIN: dict[str, Callable[[dict[str, Any]], float]] = {
    "estimate.parameters.total": lambda i: sum(i.values()),
    "estimate.memory.allocated.bytes": lambda i: sum(i.values()),
    "estimate.verdict.headroom_bytes": lambda i: i["gpu"] - i["device"],
    "estimate.time.step_seconds": lambda i: sum(i.values()),
    "tokens": lambda i: min(
        i["seconds"] / i["step_seconds"] * i["step_tokens"], 40 * i.get("tokens_available", math.inf)
    ),
    "hours": lambda i: i["steps"] * i["step_seconds"] / 3600,
    "epochs": lambda i: i["tokens"] / i["tokens_available"],
    "predicted_loss": lambda i: i["E"] + i["A"] / i["N"] ** i["alpha"] + i["B"] / i["D"] ** i["beta"],
    "recipe.learning_rate": lambda i: (
        min(1.79 * i["N"] ** -0.713 * i["D"] ** 0.307, 0.008) * min(1, i["B"] / (0.58 * i["D"] ** 0.571)) ** 0.5
    ),
    "recipe.batch_tokens": lambda i: 0.58 * i["D"] ** 0.571,
    "recipe.warmup_ratio": lambda i: min(0.1, 2000 / i["steps"]),
    "recipe.min_lr_ratio": lambda i: min(0.1, 1e-5 / i["learning_rate"]),
    "recipe.dropout": lambda i: 0.0 if i["epochs"] <= 1 else 0.1,
}


def traces(name: str) -> list[tuple[dict[str, Any], tuple[Traced, ...]]]:
    """Of each proposal its plain values, as --json has them, and its trace."""
    answer = asked(name)
    plain = json.loads(json.dumps(as_data(answer)))["proposals"]
    return [(data, trace(p, answer.question)) for data, p in zip(plain, answer.proposals, strict=True)]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_trace_names_a_value_of_the_answer(name: str) -> None:
    for data, traced in traces(name):
        for t in traced:
            found = functools.reduce(lambda value, key: value[key], t.name.split("."), data)
            assert (found["value"] if isinstance(found, dict) else found) == t.value, t.name
            assert t.source
            assert t.low is None or t.high is None or t.low <= float(t.value) <= t.high


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_number_of_a_proposal_is_traced(name: str) -> None:
    for data, traced in traces(name):
        names = {t.name for t in traced}
        numbers = {
            key for key, value in data.items() if isinstance(value, float) and key not in ("loss_low", "loss_high")
        }
        assert numbers - {"law_size", "epochs"} <= names
        assert {f"recipe.{key}" for key in data["recipe"]} <= names


@pytest.mark.parametrize("name", QUESTIONS)
def test_values_can_be_computed_again_from_their_inputs(name: str) -> None:
    for _, traced in traces(name):
        for t in traced:
            if t.name in AGAIN and t.inputs:
                assert AGAIN[t.name](t.inputs) == pytest.approx(t.value, rel=1e-9), t.name


def test_repeated_data_is_traced_to_what_it_is_worth() -> None:
    for _, traced in traces("little data"):
        i = next(t.inputs for t in traced if t.name == "predicted_loss")
        if "U" in i:
            repeated = (i["T"] / i["U"] - 1) / i["R"]  # type: ignore[operator]
            assert i["D"] == pytest.approx(i["U"] * (1 + i["R"] * -math.expm1(-repeated)))  # type: ignore[operator]
