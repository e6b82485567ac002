"""GET /gpus: the catalogue, as one types; GET /gpus/NAME: one of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from advisor.gpus import GPU, search
from advisor.http.body import StrictRoute
from advisor.http.device import chosen
from advisor.http.plain import as_json
from advisor.http.segments import DECODED

router = APIRouter(route_class=StrictRoute, tags=["gpus"])


@router.get("/gpus", response_model=list[GPU])
async def gpus(
    search_text: Annotated[
        str, Query(alias="search", max_length=80, description="Part of a name, as one types it; none: the catalogue.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=3000, description="At most so many.")] = 3000,
) -> Response:
    """The GPU catalogue; with `search` those whose names hold it, of all that are known, the likeliest first.

    Memory is what a process can use [bytes], bandwidth [bytes/s], peaks are dense [FLOP/s] with fp32 accumulation.
    """
    return as_json(search.found(search_text)[:limit])


@router.get("/gpus/{name}", response_model=GPU)
def gpu(
    name: Annotated[str, DECODED, Path(max_length=80, description="Of the catalogue, or 'local', or 'cpu'.")],
    fraction: Annotated[str | None, Query(max_length=40, description="A slice of it: 1/7, 1g.10gb.")] = None,
) -> Response:
    """One GPU and the source of its figures."""
    return as_json(chosen(name, None, fraction).gpu)
