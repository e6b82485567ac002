"""JSON under /api/v1: the same questions and answers as the commands' with --json."""

from fastapi import APIRouter, Depends

from advisor.http.api import gpus, propose, reports, size, studies
from advisor.http.auth import authorised
from advisor.http.problem import RESPONSES

router = APIRouter(prefix="/api/v1", responses=RESPONSES, dependencies=[Depends(authorised)])
for part in (size, propose, gpus, studies, reports):
    router.include_router(part.router)
