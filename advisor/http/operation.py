"""GET /healthz and /metrics: for those who run the service."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

import advisor
from advisor.http.auth import authorised
from advisor.http.service import Service, service

router = APIRouter(tags=["operation"])
STATES = ("RUNNING", "FINISHED", "INTERRUPTED")


class Health(BaseModel):
    """The service answers."""

    status: str = "ok"
    version: str = advisor.__version__


@router.get("/healthz")
async def healthz() -> Health:
    """Needs no token, asks no database."""
    return Health()


@router.get("/metrics", dependencies=[Depends(authorised)], include_in_schema=False)
async def metrics(at: Annotated[Service, Depends(service)]) -> Response:
    """For Prometheus."""
    states: Counter[str] = Counter(summary.state for summary in await run_in_threadpool(at.store.summaries))
    for state in STATES:
        at.metrics.studies.labels(state).set(states[state])
    entries = await run_in_threadpool(at.launcher.queue.entries)
    at.metrics.waiting.set(sum(entry.state == "WAITING" for entry in entries))
    return at.metrics.page()
