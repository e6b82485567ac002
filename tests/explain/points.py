"""Points that tests look at."""

from typing import Any

from advisor.explain import Point
from advisor.gpus import find
from advisor.spec import Decoder, Plan
from advisor.spec.text import find_model


def preset(name: str, gpu: str | None = None, **plan: Any) -> Point:
    """A preset at its whole context, unless another sequence is given."""
    model = find_model(name).model
    return Point(model, Plan(**{"sequence": model.context} | plan), find(gpu) if gpu else None)


def plain(
    *, vocab: int = 1000, context: int = 256, d_model: int = 512, depth: int = 6, heads: int = 8, hidden: int = 2048
) -> Point:
    """A GPT without biases and dropout, whose parameters and FLOPs can be counted on one line."""
    model = Decoder.gpt(
        vocab=vocab, context=context, d_model=d_model, depth=depth, heads=heads, hidden=hidden, bias=False
    )
    return Point(model, Plan(batch=8, sequence=context))
