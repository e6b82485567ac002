"""The form of the Size page: which model, trained by which plan, on which GPU."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.errors import AdvisorError, InputError
from advisor.gpus import GPU, Devices
from advisor.http.device import chosen
from advisor.http.pages.controls import Control, Filled
from advisor.http.pages.shape import reshaped
from advisor.ledger import Estimate
from advisor.spec import LoRA, Model, Plan
from advisor.spec import plan as plans
from advisor.spec.hf import model_from_hf
from advisor.spec.implementations import IMPLEMENTATIONS, is_hf_class
from advisor.spec.text import find_model, model_from_data, preset_names
from advisor.timing import estimate
from advisor.units import parse_bytes

CONFIG = "config.json"  # the choice of a model that is pasted
MAX_CONFIG = 2**16  # [characters]
MAX_GPU = 80  # [characters]
MEMORY = re.compile(r"[\d.]+ ?[KMGT]i?B", re.IGNORECASE)  # an amount in place of a name

WHERE = (
    Control(name="gpu", label="GPU", kind="text", default="RTX 4090",
            hint="Type any part of a name; 8x NAME for several; an amount such as 14 GiB; local for this machine's."),
)  # fmt: skip
MODEL = (
    Control(name="model", label="Model", kind="choice", default="gpt2", choices=(*preset_names(), CONFIG)),
    Control(name="config", label="config.json", kind="area",
            hint="Of a Hugging Face model, or a model of this project as JSON."),
    Control(name="depth", label="Depth", unit="blocks", slides=True),
    Control(name="d_model", label="Width", slides=True),
    Control(name="heads", label="Heads", slides=True),
    Control(name="hidden", label="Hidden width"),
)  # fmt: skip
PLAN = (
    Control(name="batch", label="Batch", unit="sequences", default="8", slides=True),
    Control(name="sequence", label="Sequence", unit="tokens", slides=True),
    Control(name="accumulation", label="Accumulation", unit="micro-batches", default="1"),
    Control(name="precision", label="Precision", kind="choice", choices=plans.PRECISIONS, default="bf16"),
    Control(name="optimizer", label="Optimizer", kind="choice", choices=plans.OPTIMIZERS),
    Control(name="checkpointing", label="Checkpointing", kind="choice", choices=plans.CHECKPOINTING),
)
MORE = (
    Control(name="fraction", label="Slice of the GPU", kind="text", hint="A MIG profile or a share: 1g.10gb, 1/7."),
    Control(name="optimizer_implementation", label="Optimizer's code", kind="choice",
            choices=("auto", *plans.OPTIMIZER_IMPLEMENTATIONS["adamw"])),
    Control(name="implementation", label="Whose code runs", kind="choice", choices=("auto", *IMPLEMENTATIONS)),
    Control(name="attention_kernel", label="Attention kernel", kind="choice", choices=plans.ATTENTION_KERNELS),
    Control(name="loss", label="Loss", kind="choice", choices=plans.LOSSES),
    Control(name="sharding", label="Sharding", kind="choice", choices=plans.SHARDINGS, hint="Of several GPUs."),
    Control(name="target_sequence", label="Target sequence", unit="tokens", hint="Of an encoder-decoder."),
    Control(name="lora_rank", label="LoRA rank", hint="Adapters of this rank in place of all weights."),
    Control(name="compile", label="torch.compile", kind="flag"),
    Control(name="grad_clip", label="Gradient clipping", kind="flag"),
    Control(name="ema", label="Moving average of weights", kind="flag"),
    Control(name="padding", label="Padding mask", kind="flag"),
)  # fmt: skip
CONTROLS = (*WHERE, *MODEL, *PLAN, *MORE)

# where an error's path begins -> the control it belongs to
PATHS = {
    "GPU": "gpu", "--gpu": "gpu", "--fraction": "fraction", "fraction": "fraction", "model_type": "config",
    "model.depth": "depth", "model.encoder_depth": "depth", "model.decoder_depth": "depth", "model.d_model": "d_model",
    "model.attention.heads": "heads", "model.heads": "heads", "model.attention.kv_heads": "heads",
    "model.mlp.hidden": "hidden", "plan.lora": "lora_rank", "plan.gpus": "gpu", "config": "config", "model.": "config",
    **{f"plan.{c.name}": c.name for c in (*PLAN, *MORE)},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sized:
    """What was asked, and its estimate."""

    name: str
    note: str  # what of a config.json is not modelled
    model: Model
    plan: Plan
    gpu: GPU
    estimate: Estimate


def asked(sent: Mapping[str, str]) -> tuple[Filled, Sized | None]:
    """The form that was sent and its answer; None, with the form's errors set, where there is none."""
    filled = Filled.of(CONTROLS, sent)
    if filled.errors:
        return filled, None
    try:
        return filled, _sized(filled.values)
    except AdvisorError as error:
        filled.blame(error, PATHS)
        return filled, None


def _sized(values: Mapping[str, Any]) -> Sized:
    on = devices(values["gpu"], values["fraction"])
    name, base, note = _model(values)
    given = {dimension: values[dimension] for dimension in ("depth", "d_model", "heads", "hidden")}
    model = reshaped(base, {dimension: value for dimension, value in given.items() if value is not None})
    plan = _plan(values, model, on.count if on.count > 1 else None)
    return Sized(name=name, note=note, model=model, plan=plan, gpu=on.gpu, estimate=estimate(model, plan, on.gpu))


def devices(name: str, fraction: str = "") -> Devices:
    """By name, or by its memory. Raises InputError or UnknownError."""
    if len(name) > MAX_GPU:
        raise InputError("GPU", expected=f"a name of at most {MAX_GPU} characters", got=name)
    memory = parse_bytes(name, "GPU") if MEMORY.fullmatch(name) else None
    return chosen(None if memory else name, memory, fraction or None)


def _model(values: Mapping[str, Any]) -> tuple[str, Model, str]:
    """Its name, what it is, what is not modelled of it."""
    if values["model"] != CONFIG:
        return values["model"], find_model(values["model"]).model, ""
    if len(values["config"]) > MAX_CONFIG:
        raise InputError("config", expected=f"at most {MAX_CONFIG} characters", got=len(values["config"]))
    try:
        data = json.loads(values["config"])
    except (ValueError, RecursionError) as error:
        raise InputError("config", expected="the text of a config.json", got=str(error)) from None
    if isinstance(data, dict) and "model_type" not in data:
        return "model", model_from_data(data.get("model", data)), ""
    model, notes = model_from_hf(data)
    return str(data["model_type"]), model, "; ".join(notes)


def _plan(values: Mapping[str, Any], model: Model, gpus: int | None) -> Plan:
    """The plan; its sequence is the model's context unless given, its code and optimizer the first that there are."""
    known = {f.name for f in dataclasses.fields(Plan)}
    chosen = {name: value for name, value in values.items() if name in known and value is not None}
    chosen["sequence"] = values["sequence"] or int(model.context)
    rank = values["lora_rank"]
    chosen["lora"] = None if rank is None else LoRA(rank=rank)
    if values["implementation"] == "auto":
        pasted = values["model"] == CONFIG and "model_type" in values["config"]
        chosen["implementation"] = "hf" if pasted and is_hf_class(model, adapted=rank is not None) else "ours"
    if values["optimizer_implementation"] == "auto":
        chosen["optimizer_implementation"] = plans.OPTIMIZER_IMPLEMENTATIONS[values["optimizer"]][0]
    return Plan(**chosen, gpus=gpus)
