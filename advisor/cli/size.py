"""advisor size: the estimate of one model, in about the time of `ls`."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from advisor.cli import generation, options
from advisor.errors import InputError
from advisor.gpus import GPU
from advisor.ledger import Estimate
from advisor.ledger.readings import Compiled, DataParallel, Time
from advisor.ledger.rows import Row, rows, total
from advisor.ledger.textbook import PRINTED_EXAMPLE, Part, textbook
from advisor.ledger.words import cache_text, device_text, held_texts, verdict_text
from advisor.spec import Plan
from advisor.spec.implementations import is_hf_class
from advisor.spec.text import Preset, find_model
from advisor.timing import estimate
from advisor.timing.profile import Profile
from advisor.units import format_bytes, format_flops, format_seconds

ROW = "{:<30} {:>5} {:>13} {:>13} {:>13} {:>11} {:>13} {:>13}"

PARTS = {
    "parameters": "parameters",
    "gradients": "gradients",
    "optimizer": "optimizer states",
    "ema": "averaged weights",
    "autocast": "autocast copies of weights",
    "saved": "saved for backward",
    "batch": "batch and buffers",
    "temporaries": "temporaries",
}
CODE_OF = {"nanogpt": "nanoGPT", "hf": "transformers"}


@click.command()
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--hf", metavar="PATH", help="A Hugging Face config.json in place of MODEL.")
@options.gpu
@options.profile
@options.plan_options
@click.option(
    "--rows", "by_row", is_flag=True, help="Add the ledger's rows: what each op owns, computes, keeps and makes."
)
@click.option(
    "--details", is_flag=True, help="Add what the peak is made of, where the time goes, FLOPs per token and intensity."
)
@click.option("--textbook", "by_book", is_flag=True, help="Add the textbook's parameter count, and what it leaves out.")
@click.option("--inference", is_flag=True, help="Generation in place of training: KV cache, prefill, what fits.")
@options.as_json
def size(
    model: str | None, hf: str | None, gpu: GPU | None, profile: Profile | None, by_row: bool, details: bool,
    by_book: bool, inference: bool, as_json: bool, **plan_values: Any,
) -> None:  # fmt: skip
    """Parameters, FLOPs, memory and time of one training step of MODEL.

    MODEL is a preset (gpt2, gpt2-xl, tiny, ...) or a .toml or .json file with a [model] table.
    Allocated memory is exact to the byte; reserved and device memory and time are predictions with 90 % intervals.
    """
    chosen = _chosen_model(model, hf)
    spec = chosen.model
    sized = hf is not None and not inference and plan_values["implementation"] is None
    if sized and is_hf_class(spec, adapted=plan_values["lora_rank"] is not None):
        plan_values["implementation"] = "hf"  # the number that the user's own run will show
    plan = options.chosen_plan(int(spec.context), **plan_values)
    if inference:
        given = {"--rows": by_row, "--details": details, "--textbook": by_book}
        for option in (name for name, on in given.items() if on):
            raise InputError(option, expected="a training step", got="--inference too")
        if plan.implementation != "ours":
            raise InputError("--implementation", expected="ours with --inference", got=plan.implementation)
        generation.show(chosen.name, spec, plan, gpu, as_json)
        return
    result = estimate(spec, plan, gpu, profile)
    table = rows(spec, plan) if by_row else []
    book = textbook(spec) if by_book else []
    if as_json:
        added = {"rows": [dataclasses.asdict(row) for row in table]} if by_row else {}
        added |= {"textbook": [dataclasses.asdict(part) for part in book]} if by_book else {}
        click.echo(json.dumps(dataclasses.asdict(result) | added))
    else:
        shown = lines(chosen.name, plan, gpu, result)
        shown += _details(result) if details else []
        shown += _textbook(book) if by_book else []
        click.echo("\n".join([*shown, *(_table(table) if by_row else [])]))


def _chosen_model(name: str | None, hf: str | None) -> Preset:
    """The one that is named; what a config.json says and the spec does not model goes to standard error."""
    if name is not None and hf is None:
        return find_model(name)
    if name is not None or hf is None:
        raise InputError("MODEL", expected="either MODEL or --hf PATH", got=f"{name} and {hf}" if name else None)
    from advisor.spec.hf import read_hf  # a preset does not wait for it

    chosen = read_hf(Path(hf))
    if chosen.note:
        click.echo(f"note: {chosen.note}", err=True)
    return chosen


def _parts(e: Estimate) -> str:
    """Of all parameters, the embeddings; and those that one token goes through, where they are fewer."""
    active = f", {e.parameters.active:,} active per token" if e.parameters.active != e.parameters.total else ""
    some = e.parameters.trainable != e.parameters.total
    trained = f", {e.parameters.trainable:,} of them trained" if some else ""
    return f"{e.parameters.embedding:,} of them embeddings{active}{trained}"


def lines(name: str, plan: Plan, gpu: GPU | None, e: Estimate) -> list[str]:
    """The estimate for a person."""
    m = e.memory
    on, lengths = f" on {device_text(gpu, plan.gpus)}" if gpu else "", options.lengths(plan)
    head = f"{name}{on}: batch {plan.batch} x {lengths} tokens, {plan.precision}"
    if plan.implementation != "ours":
        head += f", code of {CODE_OF[plan.implementation]}"
    shown = [
        ("parameters", f"{e.parameters.total:,} ({_parts(e)})"),
        ("FLOPs", f"{format_flops(e.flops.forward)} forward, {format_flops(e.flops.step)} step"),
        ("allocated", f"{format_bytes(m.allocated.bytes)} at the peak, in {m.allocated.phase} at {m.allocated.op}"),
        ("", f"{format_bytes(m.parameters)} parameters, {format_bytes(m.gradients)} gradients,"),
        ("", f"{format_bytes(m.optimizer)} optimizer states, {format_bytes(m.saved)} saved for backward"),
        *held_texts(m.reserved, m.device, gpu),
        ("KV cache", _cache(e)),
    ]
    if m.ema:
        shown.insert(5, ("", f"{format_bytes(m.ema)} moving average of the weights"))
    if m.compiled:
        shown[5:5] = _compiled(m.compiled)
    if e.time:
        shown += _time(e.time)
    if e.data_parallel:
        shown += _each_gpu(e.data_parallel)
    if e.verdict and gpu:
        shown.append(("verdict", verdict_text(e.verdict, gpu, plan.gpus)))
    return [head, "", *(f"{label:<12}{text}" for label, text in shown)]


def _compiled(c: Compiled) -> list[tuple[str, str]]:
    """The interval under torch.compile; the lines above it are those of the eager step."""
    peak, saved = (c.low, c.high), (c.saved_low, c.saved_high)
    return [
        ("compiled", f"{format_bytes(peak[0])} to {format_bytes(peak[1])} at the peak,"),
        ("", f"{format_bytes(saved[0])} to {format_bytes(saved[1])} saved for backward; above, the eager step"),
    ]


def _each_gpu(d: DataParallel) -> list[tuple[str, str]]:
    """What one of several GPUs keeps and sends for the others."""
    buckets = f"{format_bytes(d.bucket_bytes)} in {d.buckets} gradient buckets, " if d.buckets else ""
    parts = f" ({format_bytes(d.gathered_bytes)} of them weights)" if d.gathered_bytes else ""
    return [
        ("each GPU", f"one of {d.gpus}, sharding {d.sharding}"),
        ("", f"{buckets}sends {format_bytes(d.sent_bytes)} a step{parts}"),
    ]


def _time(time: Time) -> list[tuple[str, str]]:
    span = f"{format_seconds(time.low)} to {format_seconds(time.high)}"
    step = ("step", f"{format_seconds(time.step_seconds)} ({span}), {time.tokens_per_second:,.0f} tokens/s")
    return [step, ("", f"at the rates of the profile {time.profile}")] if time.profile else [step]


def _terms(time: Time) -> list[str]:
    """Where the seconds of the step go."""
    parts = ((name, seconds) for name, seconds in time.terms.items() if seconds)
    return [
        "",
        "of the step",
        *(f"   {name:<26}{format_seconds(s):>12} {s / time.step_seconds:>7.1%}" for name, s in parts),
    ]


def _details(e: Estimate) -> list[str]:
    """What the peak is made of, where the time goes, and the FLOPs beside tokens, the textbook and bytes."""
    parts = dataclasses.asdict(e.memory.at_peak)
    total = e.memory.allocated.bytes
    peak = (f"   {PARTS[name]:<26}{format_bytes(size):>12} {size / total:>7.1%}" for name, size in parts.items())
    ridge = f"; the GPU's ridge point is {e.intensity.ridge:.0f}" if e.intensity.ridge else ""
    six_n = e.flops.step_by_six_n
    by_six_n = f", {six_n:.2f} x the 6 N approximation" if six_n else ""
    return [
        "",
        "at the peak",
        *peak,
        *(_terms(e.time) if e.time else []),
        "",
        f"{format_flops(e.flops.per_token)} per token{by_six_n} (N without embedding tables and head)",
        f"{e.intensity.flops_per_byte:.0f} FLOP per byte moved{ridge}",
    ]


def _textbook(book: list[Part]) -> list[str]:
    """Both counts, part by part: what the textbook leaves out, and, below zero, what is not there."""
    line = "   {:<20}{:>18}{:>18}{:>18}".format
    total = Part(name="all", textbook=sum(p.textbook for p in book), exact=sum(p.exact for p in book))
    counts = (line(p.name, f"{p.textbook:,}", f"{p.exact:,}", f"{p.exact - p.textbook:+,}") for p in [*book, total])
    note = (
        f"The book's own example is printed as {PRINTED_EXAMPLE:,}; its formula gives 68,499,456 (8 x 512^2 slipped)."
    )
    return ["", line("parameters", "textbook", "exact", "difference"), *counts, note]


def _table(table: list[Row]) -> list[str]:
    """The ledger's rows for a person; figures are those of one run, and the last row's of all."""
    head = ROW.format("op", "runs", "parameters", "forward", "backward", "saved", "made forward", "made backward")
    body = (
        ROW.format(
            row.path, row.repeat, f"{row.parameters:,}", format_flops(row.flops_forward),
            format_flops(row.flops_backward), format_bytes(row.saved), format_bytes(row.made_forward),
            format_bytes(row.made_backward),
        )
        for row in [*table, total(table)]
    )  # fmt: skip
    return ["", head, *body]


def _cache(e: Estimate) -> str:
    source = e.kv_cache.bytes_per_source_token
    more = f", {format_bytes(source)} per token of the source" if source else ""
    return cache_text(e.kv_cache.bytes_per_token, e.kv_cache.bytes_per_token_beyond_window) + more
