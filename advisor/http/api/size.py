"""POST /size: the estimate of one model by one plan on one GPU."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from advisor.errors import InputError, UnknownError
from advisor.gpus import Devices
from advisor.http.body import Body, StrictRoute
from advisor.http.described import as_described, model_type, plan_type
from advisor.http.device import chosen
from advisor.http.plain import dumps, fields
from advisor.http.service import Service, service
from advisor.ledger import Estimate
from advisor.ledger.inference import inference
from advisor.ledger.readings import Inference
from advisor.ledger.rows import rows
from advisor.ledger.textbook import textbook
from advisor.spec import Model
from advisor.spec.hf import model_from_hf
from advisor.spec.implementations import is_hf_class
from advisor.spec.text import find_model, model_from_data, plan_from_data, preset_names
from advisor.timing import estimate, profiles

router = APIRouter(route_class=StrictRoute, tags=["sizing"])
MAX_NAME = 80


class SizeBody(Body):
    """A model, how it is trained, and where. Fields are those of `advisor size`."""

    model: Annotated[str | dict[str, Any] | None, as_described(str | model_type() | None)] = Field(
        default=None, description="A preset's name, or a spec: [model] of a file."
    )
    hf: dict[str, Any] | None = Field(default=None, description="In place of model: a config.json of Hugging Face.")
    plan: Annotated[dict[str, Any], as_described(plan_type())] = Field(default={}, description="Fields of a plan.")
    gpu: str | None = Field(
        default=None, max_length=MAX_NAME, description="Of the catalogue; '8x H100 SXM'; 'local'; 'cpu'."
    )
    gpu_memory: int | None = Field(default=None, ge=1, description="In place of gpu: its memory [bytes].")
    fraction: str | None = Field(default=None, max_length=MAX_NAME, description="A slice of the GPU: 1/7, 1g.10gb.")
    profile: str | None = Field(default=None, max_length=MAX_NAME, description="Whose rates time is said by.")
    rows: bool = Field(default=False, description="Add the ledger's rows.")
    textbook: bool = Field(default=False, description="Add the textbook's parameter count.")
    inference: bool = Field(default=False, description="Generation in place of training.")


@router.post("/size", response_model=Estimate | Inference)
async def size(body: SizeBody, at: Annotated[Service, Depends(service)]) -> Response:
    """Parameters, FLOPs, memory and time of one training step: what `advisor size --json` prints.

    Allocated memory is exact to the byte; reserved and device memory and time are predictions with 90 % intervals.
    """
    return await at.sizing.answer(sized, body)


def sized(body: SizeBody) -> bytes:
    """The answer. Raises InputError or UnknownError."""
    named = (body.gpu, body.gpu_memory, body.fraction)
    on = None if named == (None, None, None) else chosen(*named)
    model, is_class = _model(body)
    plan = plan_from_data(_plan(body, model, on, is_class))
    gpu = on.gpu if on else None
    if body.inference:
        if plan.implementation != "ours":
            raise InputError("plan.implementation", expected="ours with inference", got=plan.implementation)
        return dumps(inference(model, plan, gpu))
    profile = profiles.find(body.profile, profiles.user_folder()) if body.profile else None
    answer = fields(estimate(model, plan, gpu, profile))
    answer |= {"rows": rows(model, plan)} if body.rows else {}
    answer |= {"textbook": textbook(model)} if body.textbook else {}
    return dumps(answer)


def _model(body: SizeBody) -> tuple[Model, bool]:
    """The model, and whether it is one of transformers' own classes."""
    if (body.model is None) == (body.hf is None):
        raise InputError("model", expected="either model or hf", got="both" if body.model else None)
    if body.hf is not None:
        return model_from_hf(body.hf)[0], True
    if isinstance(body.model, dict):
        return model_from_data(body.model), False
    assert body.model is not None
    if body.model not in preset_names():  # a path is for a command line, not for the service
        raise UnknownError("model", body.model, preset_names())
    return find_model(body.model).model, False


def _plan(body: SizeBody, model: Model, on: Devices | None, is_class: bool) -> dict[str, Any]:
    """The fields of the plan, with what goes without saying."""
    plan = {"sequence": int(model.context), **body.plan}
    if on is not None and on.count > 1:
        if plan.get("gpus") not in (None, on.count):
            raise InputError("plan.gpus", expected=f"{on.count}, as gpu says, or none", got=plan["gpus"])
        plan["gpus"] = on.count
    if is_class and not body.inference and "implementation" not in plan:
        adapted = plan.get("lora") is not None
        plan |= {"implementation": "hf"} if is_hf_class(model, adapted=adapted) else {}
    return plan
