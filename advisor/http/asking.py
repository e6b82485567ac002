"""From what a request asks to the command that does it. Nothing of a request becomes an option of its own."""

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

import search_spaces
from advisor import gpus
from advisor.errors import ConflictError, InputError, UnknownError
from advisor.files import safe_join
from advisor.http.service import Service
from studies import devices
from studies.data import sequences
from studies.data.text import PYDOC
from studies.job import Device
from studies.objectives import LOSS, check_objectives
from studies.store.queue import Entry

if TYPE_CHECKING:
    from advisor.http.api.studies import StudyBody


def entry(body: "StudyBody", at: Service) -> Entry:
    """The command of a new study. Raises InputError, UnknownError or, for a name that is taken, ConflictError."""
    if body.name in at.store.names():
        raise ConflictError(f"there is a study {body.name!r} in this store already")
    if body.space not in search_spaces.names():  # a path is for a command line, not for the service
        raise UnknownError("search space", body.space, search_spaces.names())
    check_objectives(body.objectives or (LOSS,))
    if body.latency_on:
        gpus.find(body.latency_on)
    at_hand = devices.available(gpus.local())
    slots = devices.slots(",".join(body.devices or at_hand[:1]), body.workers, at_hand)
    asked = {
        "budget": f"{body.budget_seconds:.3f}s",
        "space": body.space,
        "data": data(body.data, at),
        "tokenizer": body.tokenizer,
        "seed": body.seed,
        "devices": body.devices and ",".join(body.devices),
        "workers": body.workers,
        "memory": body.memory_bytes and f"{body.memory_bytes}B",
        "trials": body.trials,
        "objectives": body.objectives and ",".join(body.objectives),
        "latency-on": body.latency_on,
    }
    options = [f"--{name}={value}" for name, value in asked.items() if value is not None]
    return Entry(name=body.name, devices=_names(slots), arguments=("tune", *options, "--", body.name))


def again(name: str, at: Service) -> Entry:
    """The command that goes on with a study. Raises UnknownError, ConflictError when there is nothing to go on with."""
    state = at.store.load(name).state
    if state != "INTERRUPTED":
        raise ConflictError(f"study {name!r} is {state.lower()}: there is nothing to resume")
    return Entry(name=name, devices=_names(at.store.settings(name).devices), arguments=("tune", "--resume", "--", name))


def data(source: str, at: Service) -> str:
    """The data that a study may read: what is built in, or a path in the data folder. Raises InputError."""
    if source == PYDOC or sequences.is_one(source):
        return source
    with contextlib.suppress(InputError, OSError, ValueError):  # outside; too long a name; no UTF-8
        path = safe_join(at.config.data_folder, source)
        if path.exists():
            return str(path)
    raise InputError("data", expected="pydoc, reverse, copy, sort or a path in the data folder", got=source)


def _names(slots: Iterable[Device]) -> tuple[str, ...]:
    """The devices that have these slots."""
    return tuple(sorted({slot.name for slot in slots}))


def download(content: bytes, name: str, media_type: str) -> Response:
    """A file to keep; its name is harmless in a header."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, headers={"Content-Disposition": disposition}, media_type=f"{media_type}; charset=utf-8")
