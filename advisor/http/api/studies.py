"""Studies: what the store holds, what waits; start, stop, go on, delete."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from advisor.errors import ConflictError
from advisor.http import asking, plain
from advisor.http.body import Body, StrictRoute
from advisor.http.lane import Answer
from advisor.http.once import Key, once
from advisor.http.segments import DECODED
from advisor.http.service import Service, service
from advisor.http.table import trials_csv
from studies.answer import Answer as Found
from studies.records import StudyRecord
from studies.settings import MAX_BUDGET_SECONDS, MAX_NAME, MAX_TRIALS
from studies.store.live import Live
from studies.store.queue import Entry
from studies.store.store import Summary

router = APIRouter(route_class=StrictRoute, tags=["studies"])
At = Annotated[Service, Depends(service)]
Name = Annotated[str, DECODED, Path(max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]+$", description="Of a study.")]
SLUG = r"^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$"  # what advisor.files.slug leaves as it is
ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"description": "In the queue, or started."}}


class StudyBody(Body):
    """A study to start. Fields are those of `advisor tune`."""

    name: str = Field(pattern=SLUG, description="Of the study: letters, digits, - and .")
    budget_seconds: float = Field(ge=1, le=MAX_BUDGET_SECONDS, description="Wall-clock of the whole study.")
    space: str = Field(
        default="decoder-small", max_length=64, description="A search space that comes with the program."
    )
    data: str = Field(
        default="pydoc",
        min_length=1,
        max_length=200,
        description="pydoc, reverse, copy, sort, or a path in the data folder.",
    )
    tokenizer: str = Field(
        default="bytes", pattern=r"^(bytes|characters|bpe:[0-9]{1,7})$", description="How text becomes tokens."
    )
    seed: int = Field(default=0, ge=0, lt=2**32, description="Of the search, the models and the data order.")
    devices: list[Annotated[str, Field(pattern=r"^(cpu|mps|cuda:[0-9]{1,3})$")]] | None = Field(
        default=None, min_length=1, max_length=64, description="Where trials run, one at a time on each."
    )
    workers: int | None = Field(default=None, ge=1, le=1024, description="Trials at a time on the CPU.")
    memory_bytes: int | None = Field(default=None, ge=1, le=2**62, description="That a step may take.")
    trials: int | None = Field(default=None, ge=1, le=MAX_TRIALS, description="At most so many of the search.")
    objectives: list[Literal["loss", "parameters", "memory", "flops", "latency"]] | None = Field(
        default=None, min_length=1, max_length=5, description="What to make small: loss first, then costs of a model."
    )
    latency_on: str | None = Field(default=None, min_length=1, max_length=100, description="Whose latency: a GPU.")


class Queued(BaseModel):
    """A study in the queue; `message` says why one could not begin."""

    name: str
    devices: list[str]
    state: Literal["WAITING", "STARTED", "FAILED"]
    message: str

    @classmethod
    def of(cls, entry: Entry) -> "Queued":
        """What is told of an entry."""
        return cls(name=entry.name, devices=list(entry.devices), state=entry.state, message=entry.message)


@router.get("/studies", response_model=list[Summary])
def studies(at: At) -> Response:
    """The studies in short, in the order in which they were created."""
    return plain.as_json(at.store.summaries())


@router.get("/queue")
def queue(at: At) -> list[Queued]:
    """The studies that wait, those that were started, and those that could not begin, with the reason."""
    return [Queued.of(entry) for entry in at.launcher.queue.entries()]


@router.get("/studies/{name}", response_model=dict[str, Any])
def study(name: Name, at: At) -> Response:
    """What a study has found: what `advisor studies NAME --json` prints."""
    return plain.as_json(Found.of(at.store.load(name)).as_data())


@router.get("/studies/{name}/record", response_model=StudyRecord)
def record(name: Name, at: At) -> Response:
    """A study, whole: every trial with its curve, sweeps, the space, provenance."""
    return plain.as_json(at.store.load(name))


@router.get("/studies/{name}/live", response_model=Live)
def live(name: Name, at: At) -> Response:
    """What a running study is doing, a second ago at most: phase, running trials with their curves, predicted end."""
    found = at.store.live(name)
    if found is None:
        raise ConflictError(f"study {name!r} does not run")
    return plain.as_json(found)


@router.get("/studies/{name}/trials.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def trials(name: Name, at: At) -> Response:
    """A row per trial."""
    return asking.download(trials_csv(at.store.load(name)).encode("utf-8", "replace"), f"{name}.csv", "text/csv")


@router.post("/studies", status_code=202, response_model=Queued, responses=ACCEPTED)
async def start(body: StudyBody, at: At, key: Key = None) -> Response:
    """Start a study: now, if its device is free, or as soon as it is."""
    return await _begun(at, key, "start", body, lambda: asking.entry(body, at))


@router.post("/studies/{name}/resume", status_code=202, response_model=Queued, responses=ACCEPTED)
async def resume(name: Name, at: At, key: Key = None) -> Response:
    """Go on with a study that was interrupted."""
    return await _begun(at, key, f"resume {name}", None, lambda: asking.again(name, at))


@router.post("/studies/{name}/stop", status_code=202, response_class=Response, responses=ACCEPTED)
def stop(name: Name, at: At) -> Response:
    """Ask a study that runs to end, as by Ctrl-C, so that it can be resumed; or take one that waits from the queue."""
    at.launcher.stop(name)
    return plain.as_json({"stopping": name}, 202)


@router.delete("/studies/{name}", response_model=dict[str, str])
def delete(name: Name, at: At) -> Response:
    """Delete a study with all its trials, unless it runs."""
    at.store.delete(name)
    at.launcher.queue.remove(name, "STARTED", "FAILED")  # of a process that is about to end
    return plain.as_json({"deleted": name})


async def _begun(at: Service, key: str | None, what: str, body: Body | None, entry: Callable[[], Entry]) -> Response:
    """Put into the queue once, whatever the network does to the request."""

    async def act() -> Answer:
        queued = Queued.of(await run_in_threadpool(lambda: at.launcher.ask(entry())))
        return 202, queued.model_dump_json().encode()

    return await once(at.store, key, what, body, act)
