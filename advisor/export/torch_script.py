"""A training script of one proposal that needs torch alone: the model, the plan, the loop, readable as it stands."""

import dataclasses
from collections.abc import Mapping

from advisor.errors import InputError
from advisor.export.exported import Exported, refusal
from advisor.export.hyperparameters import Hyperparameter, hyperparameters
from advisor.export.script_values import FAMILY_VALUES
from advisor.export.templates import rendered
from advisor.ledger import estimate
from advisor.spec import BDH, Decoder, Encoder, Plan, Seq2Seq
from advisor.spec.differences import differences
from advisor.spec.proposal import Stored
from advisor.units import format_bytes

FAMILIES = {Decoder: "decoder", Encoder: "encoder", BDH: "bdh", Seq2Seq: "seq2seq"}
# fields of a plan that the script follows; it has no others
FOLLOWED = (
    "batch", "sequence", "target_sequence", "precision", "accumulation", "optimizer", "optimizer_implementation",
    "grad_clip", "checkpointing", "checkpoint_every", "attention_kernel", "ema", "loss", "loss_chunks", "gpus",
)  # fmt: skip
AUTOCAST = {"bf16": "torch.bfloat16", "fp16": "torch.float16"}
COMPUTE = {**AUTOCAST, "fp32": "torch.float32", "pure-bf16": "torch.bfloat16"}
KERNELS = {"math": "MATH", "flash": "FLASH_ATTENTION", "efficient": "EFFICIENT_ATTENTION", "auto": ""}
SCHEDULES = ("constant", "linear", "cosine", "step", "wsd", "inverse-sqrt")
WITH_EPS = ("adamw", "adam", "adamw-8bit", "muon")  # muon: of the AdamW beside it
PACKAGES = {"lion": "lion-pytorch", "adamw-8bit": "bitsandbytes"}


def export_torch(proposal: Stored) -> Exported:
    """Raises InputError, naming the fields, for a plan with shards, adapters or a padding mask, for a plateau."""
    model, plan = proposal.model, dataclasses.replace(proposal.plan, keep_logits=False)
    followed = Plan(**{name: getattr(plan, name) for name in FOLLOWED})
    if lacking := differences(plan, followed, "plan"):
        raise refusal("torch", "the script", lacking)
    if isinstance(model, Encoder) and model.head is None:
        raise InputError("model.head", expected="a masked-language head: without one there is no loss", got=None)
    name = "train.py"
    read = estimate(model, plan)
    found = hyperparameters(proposal, read)
    schedule = found["schedule"].value
    if schedule not in SCHEDULES:
        raise refusal("torch", "the script", [f"recipe.schedule: one of {', '.join(SCHEDULES)} there, {schedule} here"])
    text = rendered(
        "torch/script.py.jinja", name=proposal.name, file_name=name, family=FAMILIES[type(model)], model=model,
        plan=plan, parameters=read.parameters.total, needs=PACKAGES.get(plan.optimizer, ""),
        peak=f"A step takes {format_bytes(read.memory.allocated.bytes)} at its peak (torch.cuda.max_memory_allocated).",
        constants=_constants(found, plan), schedule=schedule, is_tuned=proposal.recipe is not None,
        autocast=AUTOCAST.get(plan.precision),
        program=f"torchrun --standalone --nproc-per-node {plan.gpus}" if plan.gpus else "python",
        needs_nullcontext=plan.precision not in AUTOCAST or (plan.gpus and plan.accumulation > 1),
        compute=COMPUTE[plan.precision], kernel=KERNELS[plan.attention_kernel], save_as="weights.pt",
        **FAMILY_VALUES[type(model)](model, plan),
    )  # fmt: skip
    return Exported(text=text, builds="torch", file_name=name)


def _constants(found: Mapping[str, Hyperparameter], plan: Plan) -> list[Hyperparameter]:
    """Those that the script has."""
    betas = ", ".join(found[name].text for name in ("beta1", "beta2"))
    names = ["learning_rate", "warmup_ratio", "min_lr_ratio", "weight_decay"]
    rare = {"eps": plan.optimizer in WITH_EPS, "grad_clip": plan.grad_clip, "ema_decay": plan.ema}
    return [
        *(found[name] for name in ("steps", *names)),
        Hyperparameter("betas", f"({betas})", found["beta2"].source),
        *(found[name] for name, is_there in rare.items() if is_there),
    ]
