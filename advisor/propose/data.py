"""An answer as plain values: what `advisor propose --json` prints and POST /propose sends."""

import dataclasses
from typing import Any

from advisor.propose.answer import Answer
from advisor.propose.proposal import Proposal
from advisor.propose.question import Question
from advisor.propose.trace import trace
from advisor.spec.text import model_to_data


def as_data(answer: Answer, explain: bool = False) -> dict[str, Any]:
    """All of it; `explain` adds what every number is made of."""
    q, c = answer.question, answer.candidates
    return {
        "gpu": {"name": q.gpu.name, "memory_bytes": q.gpu.memory_bytes},
        "gpus": q.gpus or 1,
        "rule": answer.rule,
        "confidence": q.confidence,
        "candidates": c.considered,
        "proposals": [_proposal(p) | (_traced(p, q) if explain else {}) for p in answer.proposals],
        "front": [
            {"name": c.name(p.row)} | {k: v for k, v in dataclasses.asdict(p).items() if k not in ("row", "score")}
            for p in answer.front
        ],
    }


def _proposal(p: Proposal) -> dict[str, Any]:
    data = {f.name: getattr(p, f.name) for f in dataclasses.fields(p)}
    nested = ("plan", "estimate", "recipe", *(["runner_up"] if p.runner_up else []))
    return data | {key: dataclasses.asdict(data[key]) for key in nested} | {"model": model_to_data(p.model)}


def _traced(p: Proposal, q: Question) -> dict[str, Any]:
    return {"trace": [dataclasses.asdict(t) for t in trace(p, q)]}
