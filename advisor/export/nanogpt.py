"""A config file of nanoGPT's train.py: the model's arguments, and the plan as far as train.py has one."""

from collections.abc import Iterator

from advisor.export.exported import Exported, refusal
from advisor.export.hyperparameters import hyperparameters
from advisor.export.templates import rendered
from advisor.law.traced import Value
from advisor.ledger import estimate
from advisor.spec import Decoder, Plan
from advisor.spec.differences import differences
from advisor.spec.implementations import NANOGPT_CLASSES
from advisor.spec.proposal import Stored

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
DEFAULT_VOCAB = 50304  # of train.py, where the data folder has no meta.pkl
SCHEDULES = ("cosine", "constant")  # of train.py
PROGRAM = "nanoGPT's train.py"


def export_nanogpt(proposal: Stored) -> Exported:
    """Raises InputError for what nanoGPT's GPT or its training loop is not."""
    model, plan = proposal.model, proposal.plan
    family, expressed = NANOGPT_CLASSES["GPT"]
    if not isinstance(model, Decoder):
        raise refusal("nanogpt", PROGRAM, [f"model: {family.__name__} there, {type(model).__name__} here"])
    lacking = differences(model, expressed(model)) + differences(plan, _trained(model, plan), "plan")
    if lacking:
        raise refusal("nanogpt", PROGRAM, lacking)
    vocab, found = model.embedding.vocab, hyperparameters(proposal, estimate(model, plan))
    values = {name: one.value for name, one in found.items()}
    text = rendered(
        "nanogpt.py.jinja", model=model, plan=plan, name=proposal.name, dtype=DTYPES[plan.precision],
        default_vocab=DEFAULT_VOCAB, accumulation=plan.accumulation * (plan.gpus or 1), values=values,
        warm_up=round(float(values["warmup_ratio"]) * int(values["steps"])), comment=found["learning_rate"].comment,
        lowest=f"{float(values['learning_rate']) * float(values['min_lr_ratio']):.6g}",
    )  # fmt: skip
    return Exported(
        text=text, builds=PROGRAM, file_name="train_config.py", notes=tuple(_notes(vocab, values["schedule"]))
    )


def _notes(vocab: int, schedule: Value) -> Iterator[str]:
    """What the file cannot say."""
    if vocab != DEFAULT_VOCAB:
        yield f"train.py takes vocab_size = {vocab} from the meta.pkl of the data folder; no config file can say it"
    if schedule not in SCHEDULES:
        yield f"train.py has no schedule {schedule}: this file asks for its cosine"


def _trained(model: Decoder, plan: Plan) -> Plan:
    """What train.py runs: whole contexts, fused AdamW, no checkpointing; the logits stay until after backward."""
    precision = plan.precision if plan.precision in DTYPES else "bf16"
    return Plan(
        implementation=plan.implementation, batch=plan.batch, sequence=model.context, accumulation=plan.accumulation,
        precision=precision, grad_clip=plan.grad_clip, gpus=plan.gpus, keep_logits=plan.keep_logits,
    )  # fmt: skip
