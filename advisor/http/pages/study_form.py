"""The form that starts a study, and the entry of the queue that it asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

import search_spaces
from advisor.errors import AdvisorError, ConflictError, InputError
from advisor.files import slug
from advisor.http import asking
from advisor.http.api.studies import StudyBody
from advisor.http.pages.controls import Control, Filled
from advisor.http.pages.size_form import devices
from advisor.http.service import Service
from advisor.propose.grids import GRIDS
from advisor.units import parse_bytes, parse_seconds
from studies.objectives import LOSS
from studies.store.queue import Entry

DECODERS = "decoder-small"
WHAT = (
    Control(name="name", label="Name", kind="text", hint="Letters, digits, - and . in lower case."),
    Control(name="budget", label="Budget", kind="text", default="3m",
            hint="Wall-clock of the whole study: 90s, 20m, 1h30m."),
    Control(name="space", label="Search space", kind="choice", choices=tuple(search_spaces.names()), default=DECODERS),
    Control(name="data", label="Data", kind="text", default="pydoc",
            hint="pydoc (Python's documentation), reverse, copy, sort (made-up pairs), or a path in the data folder."),
    Control(name="tokenizer", label="Tokenizer", kind="text", default="bytes", hint="bytes, characters or bpe:SIZE."),
)  # fmt: skip
MORE = (
    Control(name="trials", label="At most", unit="trials"),
    Control(name="seed", label="Seed", default="0"),
    Control(name="objectives", label="Make small", kind="text", default=LOSS,
            hint="loss, then some of parameters, memory, flops, whose Pareto front is looked for."),
    Control(name="memory", label="Memory that a step may take", kind="text", hint="Such as 2GiB; empty: the device's."),
)  # fmt: skip
TARGET = (
    Control(name="gpu", label="GPU to propose for", kind="text",
            hint="The report then also says what to train on it. Of decoders; empty: the study alone."),
    Control(name="hours", label="Training time there", unit="h", kind="text", default="24"),
)  # fmt: skip
CONTROLS = (*WHAT, *MORE, *TARGET)
# where an error's path begins -> the control it belongs to
PATHS = {
    "name": "name", "study name": "name", "budget": "budget", "space": "space", "search space": "space", "data": "data",
    "tokenizer": "tokenizer", "trials": "trials", "seed": "seed", "memory": "memory", "objectives": "objectives",
    "objective": "objectives", "GPU": "gpu", "fraction": "gpu", "hours": "hours",
}  # fmt: skip


def prefilled(sent: Mapping[str, str], at: Service) -> Filled:
    """The form as another page hands it on: of a proposal's family, GPU and hours."""
    family = sent.get("family", "")
    given = {name: text for name, text in sent.items() if name in ("gpu", "hours", "name")}
    if family in GRIDS:
        given["space"] = f"{family}-small"
        given["data"] = "reverse" if family == "seq2seq" else "pydoc"
    if given.get("space", DECODERS) != DECODERS:
        given.pop("gpu", None)
    given.setdefault("name", free_name(slug(f"{given.get('gpu', '')} {given.get('space', DECODERS)}"), at))
    return Filled(texts={c.name: given.get(c.name, c.initial) for c in CONTROLS})


def free_name(base: str, at: Service) -> str:
    """A name that neither the store nor the queue has: base, base-2, ..."""
    taken = {*at.store.names(), *(entry.name for entry in at.launcher.queue.entries())}
    return next(n for n in (base, *(f"{base}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def body(filled: Filled) -> StudyBody | None:
    """What the form asks; None, with its errors set, where it asks nothing that can be."""
    if filled.errors:
        return None
    values = filled.values
    try:
        memory = parse_bytes(values["memory"], "memory") if values["memory"] else None
        asked = {
            "name": values["name"], "budget_seconds": parse_seconds(values["budget"], "budget"),
            "space": values["space"], "data": values["data"], "tokenizer": values["tokenizer"],
            "seed": values["seed"], "memory_bytes": memory, "trials": values["trials"],
            "objectives": values["objectives"] and [name.strip() for name in values["objectives"].split(",")],
        }  # fmt: skip
        return StudyBody(**asked)
    except ValidationError as error:
        for found in error.errors():
            field = str(found["loc"][0])
            filled.errors[{"budget_seconds": "budget", "memory_bytes": "memory"}.get(field, field)] = _words(found)
    except AdvisorError as error:
        filled.blame(error, PATHS)
    return None


def entry(filled: Filled, asked: StudyBody, at: Service) -> Entry:
    """The study's entry; with a GPU, `advisor run` in place of `advisor tune`. Sets the form's errors, and raises."""
    try:
        made = asking.entry(asked, at)
        return _with_target(made, filled.values, asked) if filled.values["gpu"] else made
    except ConflictError as error:
        filled.errors["name"] = str(error)
        raise
    except AdvisorError as error:
        filled.blame(error, PATHS)
        raise


def _with_target(made: Entry, values: Mapping[str, Any], asked: StudyBody) -> Entry:
    if asked.space != DECODERS:
        raise InputError("GPU", expected=f"none beside a space other than {DECODERS}", got=values["gpu"])
    if asked.trials is not None or asked.memory_bytes is not None:
        raise InputError("GPU", expected="none beside a limit of trials or memory", got=values["gpu"])
    on = devices(values["gpu"])
    where = f"--gpu={values['gpu']}" if on.gpu.vendor else f"--gpu-memory={on.gpu.memory_bytes}B"
    hours = f"--hours={_hours(values['hours'])}"
    options = made.arguments[1:-2]
    return dataclasses.replace(made, arguments=("run", where, hours, f"--name={asked.name}", *options))


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= 87600:
        raise InputError("hours", expected="a number of hours up to 87600", got=text)
    return hours


def _words(error: Any) -> str:
    """One of pydantic's errors."""
    pattern = error["type"] == "string_pattern_mismatch" and error["loc"][0] == "name"
    message = "expected lower-case letters, digits, - and ." if pattern else error["msg"]
    return f"{message}, got {error['input']!r}"[:200]
