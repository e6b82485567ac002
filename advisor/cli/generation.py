"""advisor size --inference: what generation takes, for a person and as JSON."""

import dataclasses
import json

import click

from advisor.gpus import GPU
from advisor.ledger.inference import inference
from advisor.ledger.readings import Inference
from advisor.ledger.words import cache_text, held_texts, verdict_text
from advisor.spec import Model, Plan
from advisor.spec.plan import DTYPES
from advisor.units import format_bytes


def show(name: str, model: Model, plan: Plan, gpu: GPU | None, as_json: bool) -> None:
    """Prints the readings."""
    reading = inference(model, plan, gpu)
    text = json.dumps(dataclasses.asdict(reading)) if as_json else "\n".join(lines(name, plan, gpu, reading))
    click.echo(text)


def lines(name: str, plan: Plan, gpu: GPU | None, e: Inference) -> list[str]:
    """The readings for a person."""
    dtype = DTYPES[plan.precision].compute
    head = f"{name}{f' on {gpu.name}' if gpu else ''}: generation, batch {plan.batch} x {plan.sequence} tokens, {dtype}"
    per_token = cache_text(e.kv_bytes_per_token, e.kv_bytes_per_token_beyond_window)
    shown = [
        ("weights", format_bytes(e.weights)),
        ("KV cache", f"{format_bytes(e.kv_cache)}, {per_token}"),
        ("prefill", f"{format_bytes(e.temporaries)} of temporaries at the peak, at {e.allocated.op}"),
        ("allocated", format_bytes(e.allocated.bytes)),
        *held_texts(e.reserved, e.device, gpu),
    ]
    if gpu and e.verdict and e.largest:
        shown.append(("verdict", verdict_text(e.verdict, gpu)))
        shown.append(("at most", f"{e.largest.context:,} tokens at batch {plan.batch},"))
        shown.append(("", f"batch {e.largest.batch:,} at {plan.sequence:,} tokens"))
    return [head, "", *(f"{label:<12}{text}" for label, text in shown)]
