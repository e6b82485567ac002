"""Knobs are found in dataclasses, whatever they are."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal

from advisor.explain.knobs import Number, Switch, knobs
from tests.explain.points import preset


@dataclass(frozen=True, kw_only=True)
class Experts:
    count: int = 8
    routing: Literal["top", "hash"] = "top"
    shared: bool = False
    jitter: float = 0.1
    scale: float = 10.0
    group: int | None = None
    spare: int = 0


@dataclass(frozen=True, kw_only=True)
class Mixture:
    depth: Any = 4
    experts: Experts = field(default_factory=Experts)
    gate: Experts | None = None


def test_a_new_block_brings_its_own_knobs() -> None:
    point: Any = SimpleNamespace(model=Mixture(), plan=Experts(count=2, jitter=0.0))
    assert knobs(point) == [
        Number("model.depth", 4),
        Number("model.experts.count", 8),
        Switch("model.experts.routing", "top", ("hash",)),
        Switch("model.experts.shared", False, (True,)),
        Switch("model.experts.jitter", 0.1, (0.0,)),
        Number("plan.count", 2),
        Switch("plan.routing", "top", ("hash",)),
        Switch("plan.shared", False, (True,)),
    ]


def test_the_decoder_has_those_that_people_turn() -> None:
    found = {knob.path for knob in knobs(preset("gpt2"))}
    assert found >= {
        "model.d_model", "model.depth", "model.context", "model.embedding.vocab", "model.attention.heads",
        "model.mlp.hidden", "model.mlp.activation", "model.head.tied", "plan.batch", "plan.sequence", "plan.precision",
        "plan.checkpointing", "plan.optimizer_implementation", "plan.attention_kernel", "plan.keep_logits",
    }  # fmt: skip


def test_changes_that_need_each_other_are_made_at_once() -> None:
    point = preset("gpt2")
    turned = point.turned({"model.d_model": 640, "model.attention.heads": 10})
    assert turned.model.head_size == 64
    assert point.attempt({"model.d_model": 640}) is None
    assert point.attempt({"plan.batch": 4}) is point.attempt({"plan.batch": 4})
