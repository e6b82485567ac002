"""JSON under /api/v1: the same questions and answers as the commands' with --json."""

from fastapi import APIRouter

from advisor.http.api import gpus, size
from advisor.http.problem import RESPONSES

router = APIRouter(prefix="/api/v1", responses=RESPONSES)
for part in (size, gpus):
    router.include_router(part.router)
