"""POST /propose: the models to train on a GPU in a time, ranked."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from advisor.http.body import Body, StrictRoute
from advisor.http.device import chosen
from advisor.http.service import Service, service
from advisor.propose import propose as ask
from advisor.propose.data import as_data
from advisor.propose.reader import question

router = APIRouter(route_class=StrictRoute, tags=["proposing"])
MAX_HOURS = 87600.0


class ProposeBody(Body):
    """A GPU, a time, and what is known already. Fields are those of `advisor propose`."""

    gpu: str | None = Field(default=None, max_length=80, description="Of the catalogue; '8x H100 SXM'; 'local'; 'cpu'.")
    gpu_memory: int | None = Field(default=None, ge=1, le=2**50, description="In place of gpu: its memory [bytes].")
    fraction: str | None = Field(default=None, max_length=80, description="A slice of the GPU: 1/7, 1g.10gb.")
    hours: float = Field(default=24.0, gt=0, le=MAX_HOURS, description="Training time on that GPU [h].")
    family: str = Field(default="decoder", max_length=40, description="decoder, encoder, seq2seq or bdh.")
    vocab: int | None = Field(default=None, ge=1, le=2**24, description="Vocabulary [tokens].")
    context: int | None = Field(default=None, ge=1, le=2**24, description="Sequence length [tokens].")
    precision: str | None = Field(default=None, max_length=40, description="Open unless given.")
    tokens_available: float | None = Field(default=None, gt=0, le=1e18, description="Training data [tokens].")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="That the memory stays within the GPU's.")
    pins: list[Annotated[str, Field(max_length=200)]] = Field(
        default=[], max_length=40, description="As --set: d_model=768, depth=4..12, mlp=swiglu."
    )
    parameters: str | None = Field(default=None, max_length=80, description="How many: 100M..200M or 124M.")
    min_tokens_per_second: float | None = Field(default=None, gt=0, le=1e15, description="Slower ones are left out.")
    explain: bool = Field(default=False, description="Add what every number is made of.")


@router.post("/propose", response_model=dict)
async def propose(body: ProposeBody, at: Annotated[Service, Depends(service)]) -> Response:
    """What fits, ranked by predicted loss: what `advisor propose --json` prints."""
    return await at.proposing.answer(proposed, body)


def proposed(body: ProposeBody) -> bytes:
    """The answer. Raises InputError, UnknownError or, where nothing fits, InfeasibleError."""
    on = chosen(body.gpu, body.gpu_memory, body.fraction)
    asked = body.model_dump(exclude={"gpu", "gpu_memory", "fraction", "pins", "explain"})
    several = on.count if on.count > 1 else None
    answer = ask(question(on.gpu, several, pinned=body.pins, **asked))
    return json.dumps(as_data(answer, body.explain)).encode()
