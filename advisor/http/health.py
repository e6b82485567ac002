"""GET /healthz: whether the service answers."""

from fastapi import APIRouter
from pydantic import BaseModel

import advisor

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """The service answers."""

    status: str = "ok"
    version: str = advisor.__version__


@router.get("/healthz")
async def healthz() -> Health:
    """Needs no token, asks no database."""
    return Health()
