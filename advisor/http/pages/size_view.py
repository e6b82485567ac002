"""An estimate as a person sees it: the verdict, the figures that decide, what the peak is made of."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass
from typing import Literal

from advisor.http.pages.controls import Filled
from advisor.http.pages.shape import shape
from advisor.http.pages.size_form import CONFIG, CONTROLS, Sized
from advisor.http.pages.timeline import Drawing, draw
from advisor.ledger import Estimate
from advisor.ledger.words import cache_text, device_text, held_texts, verdict_text
from advisor.units import format_bytes, format_count, format_flops, format_seconds

UNLIKELY = 0.05  # probability below which it does not fit
PARTS = {
    "parameters": "parameters",
    "gradients": "gradients",
    "optimizer": "optimizer states",
    "ema": "averaged weights",
    "autocast": "autocast copies",
    "saved": "saved for backward",
    "batch": "batch and buffers",
    "temporaries": "temporaries",
}
# option of the command -> control, where they have different names
OPTIONS = {"sequence": "seq", "target_sequence": "target-seq"}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure that decides."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of the memory bar, from `x` percent on."""

    kind: str
    label: str
    text: str
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class SizeView:
    """All that the template shows."""

    verdict: Literal["fits", "may", "not"]
    headline: str
    sentence: str
    tiles: tuple[Tile, ...]
    parts: tuple[Part, ...]
    bar: str  # what the bar stands for, in words
    timeline: Drawing
    facts: tuple[tuple[str, str], ...]
    terms: tuple[tuple[str, str, str], ...]  # where the step's time goes
    command: str  # the same in a terminal; empty where no command says it
    note: str


def view(sized: Sized, filled: Filled) -> SizeView:
    """The view of an estimate."""
    e, gpu, plan = sized.estimate, sized.gpu, sized.plan
    assert e.verdict is not None, "there is a GPU"
    target = "" if plan.target_sequence is None else f" + {plan.target_sequence}"
    on = device_text(gpu, plan.gpus)
    likely = e.verdict.probability > UNLIKELY
    return SizeView(
        verdict="fits" if e.verdict.fits else "may" if likely else "not",
        headline=verdict_text(e.verdict, gpu, plan.gpus),
        sentence=f"{sized.name} on {on}: batch {plan.batch} x {plan.sequence}{target} tokens, {plan.precision}",
        tiles=tuple(_tiles(e)),
        parts=tuple(_parts(e, gpu.memory_bytes)),
        bar=f"{format_bytes(e.memory.device.bytes)} of {format_bytes(gpu.memory_bytes)} at the peak of the step",
        timeline=draw(e.memory.timeline, gpu.memory_bytes, gpu.name),
        facts=tuple(_facts(sized)),
        terms=tuple(_terms(e)),
        command=_command(filled),
        note=sized.note,
    )


def _tiles(e: Estimate) -> list[Tile]:
    device = e.memory.device
    memory = f"{format_bytes(device.low)} to {format_bytes(device.high)}"
    tiles = [Tile(label="Device memory", value=format_bytes(device.bytes), note=memory)]
    if e.time:
        span = f"{format_seconds(e.time.low)} to {format_seconds(e.time.high)}"
        speed = f"{e.time.mfu:.0%} of the peak" if e.time.mfu else ""
        tiles += [
            Tile(label="Step time", value=format_seconds(e.time.step_seconds), note=span),
            Tile(label="Tokens per second", value=format_count(e.time.tokens_per_second), note=speed),
        ]
    active = e.parameters.active != e.parameters.total
    note = f"{format_count(e.parameters.active)} active per token" if active else f"{e.parameters.total:,}"
    return [*tiles, Tile(label="Parameters", value=format_count(e.parameters.total), note=note)]


def _parts(e: Estimate, memory_bytes: int) -> list[Part]:
    """What the peak is made of, what a process holds on top, what is left."""
    m = e.memory
    sizes = {kind: (PARTS[kind], size) for kind, size in dataclasses.asdict(m.at_peak).items() if size}
    sizes["outside"] = ("allocator and context", m.device.bytes - m.allocated.bytes)
    sizes["free"] = ("free", memory_bytes - m.device.bytes)
    whole = max(memory_bytes, m.device.bytes)
    found, x = [], 0.0
    for kind, (label, size) in ((k, s) for k, s in sizes.items() if s[1] > 0):
        width = 100 * size / whole
        found.append(Part(kind=kind, label=label, text=format_bytes(size), x=x, width=width))
        x += width
    return found


def _facts(sized: Sized) -> list[tuple[str, str]]:
    e, m, d = sized.estimate, sized.estimate.memory, shape(sized.model)
    rows = [
        ("Shape", ", ".join(f"{name.replace('d_model', 'width')} {value:,}" for name, value in d.items())),
        ("Parameters", f"{e.parameters.total:,}, {e.parameters.embedding:,} of them embeddings"),
        ("FLOPs", f"{format_flops(e.flops.forward)} forward, {format_flops(e.flops.step)} step"),
        ("Allocated", f"{format_bytes(m.allocated.bytes)} ({m.allocated.bytes:,} bytes), exact; saved for backward "
                      f"{format_bytes(m.saved)}"),
        *((label.capitalize(), text) for label, text in held_texts(m.reserved, m.device, sized.gpu)),
        ("KV cache", cache_text(e.kv_cache.bytes_per_token, e.kv_cache.bytes_per_token_beyond_window)),
    ]  # fmt: skip
    if m.compiled:
        rows.append(("Compiled", f"{format_bytes(m.compiled.low)} to {format_bytes(m.compiled.high)} at the peak"))
    if e.data_parallel:
        sent = format_bytes(e.data_parallel.sent_bytes)
        rows.append(
            ("Each GPU", f"one of {e.data_parallel.gpus}, sharding {e.data_parallel.sharding}, sends {sent} a step")
        )
    if sized.gpu.peaks_source:
        rows.append(("Peaks", f"of {sized.gpu.name}: {sized.gpu.peaks_source}"))
    return rows


def _terms(e: Estimate) -> list[tuple[str, str, str]]:
    if e.time is None:
        return []
    whole = e.time.step_seconds
    return [(name, format_seconds(s), f"{s / whole:.1%}") for name, s in e.time.terms.items() if s]


def _command(filled: Filled) -> str:
    """The command that prints this estimate; none for a model that was pasted or whose dimensions were changed."""
    values = {c.name: filled.values[c.name] for c in CONTROLS if filled.texts[c.name] != c.initial}
    if filled.values["model"] == CONFIG or {"depth", "d_model", "heads", "hidden"} & filled.given(*values).keys():
        return ""
    values = {"gpu": filled.values["gpu"], **values}
    words = ["advisor", "size", filled.values["model"]]
    for name, value in values.items():
        if name in ("model", "config") or value in (None, False, ""):
            continue
        words += [f"--{OPTIONS.get(name, name.replace('_', '-'))}", *([] if value is True else [str(value)])]
    return shlex.join(words)
