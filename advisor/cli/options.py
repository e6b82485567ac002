"""Options that several commands share, with their units."""

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from advisor import units
from advisor.errors import InputError
from advisor.gpus import GPU, custom, named
from advisor.spec import LoRA, Plan, lora, plan
from advisor.spec.implementations import IMPLEMENTATIONS
from advisor.spec.proposal import Stored
from studies.address import DEFAULT_STORE, STORE_VARIABLE

if TYPE_CHECKING:
    from advisor.timing.profile import Profile
    from studies.job import Device

Command = Callable[..., Any]


class Quantity(click.ParamType[float]):
    """A number with a unit, parsed by advisor.units."""

    def __init__(self, name: str, parse: Callable[[str, str], float]) -> None:
        self.name, self.parse = name, parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        return self.parse(value, param.opts[0] if param else self.name)


BYTES = Quantity("bytes", units.parse_bytes)
DURATION = Quantity("duration", units.parse_seconds)
COUNT = Quantity("count", units.parse_count)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON: bytes, FLOPs and seconds as plain numbers.")
store = click.option(
    "--store", "store_url", default=DEFAULT_STORE, show_default=True, metavar="URL", envvar=STORE_VARIABLE,
    help="Database of studies: the path of an SQLite file, or postgresql://USER@HOST/DATABASE.",
)  # fmt: skip
data = click.option(
    "--data", default="pydoc", show_default=True, metavar="PATH",
    help="What to train on: UTF-8 text, tokens (.bin, .npy, a folder of train.bin and val.bin) or pairs (.tsv); pydoc "
    "is the text of Python's own documentation; reverse, copy and sort are made-up pairs.",
)  # fmt: skip
tokenizer = click.option(
    "--tokenizer", default="bytes", show_default=True, metavar="NAME",
    help="How text becomes tokens: bytes, characters, or bpe:SIZE, byte pairs learned from the text.",
)  # fmt: skip
seed = click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the search, the models and the data order."
)
space = click.option(
    "--space", default="decoder-small", show_default=True, metavar="NAME", help="Search space: a name or a TOML file."
)
# what the proposals of `advisor run` are sized for, as are those of `advisor propose` by default
DEFAULT_TARGET: dict[str, Any] = {"vocab": 50304, "context": 1024}


def study(command: Command) -> Command:
    """--space, --data, --tokenizer and --seed."""
    return space(data(tokenizer(seed(command))))


def objectives(command: Command) -> Command:
    """--objectives, as a tuple of names, and --latency-on."""
    return click.option(
        "--objectives", default="loss", metavar="LIST", callback=lambda ctx, param, value: tuple(value.split(",")),
        help="What to make small: loss, then some of parameters, memory, flops, latency: their Pareto front is looked "
        "for.",
    )(
        click.option(
            "--latency-on", default="", metavar="GPU", help="Whose latency is an objective; by default this device's."
        )(command)
    )  # fmt: skip


def slots(command: Command) -> Command:
    """--devices, --workers and --ray; the command gets `slots`, () for the local device, and `ray`, an address."""

    @functools.wraps(command)
    def resolved(devices: str | None, workers: int | None, ray: str | None, **values: Any) -> Any:
        if ray is not None and (devices or workers):
            raise InputError("--ray", expected="no --devices or --workers: the cluster has its own", got=ray)
        return command(slots=_slots(devices, workers), ray=ray, **values)

    added = click.option(
        "--workers", type=int, metavar="COUNT",
        help="Trials at a time on the CPU, one thread each; by default one per core. A seeded search with 1 repeats.",
    )(
        click.option(
            "--ray", metavar="ADDRESS",
            help="Trials on a Ray cluster, one per GPU or, without, per core: auto, the one that runs here; local, a "
            "new one; or its address.",
        )(resolved)
    )  # fmt: skip
    return click.option(
        "--devices", metavar="NAMES", help="Where trials run, one at a time on each: cuda:0,cuda:1 or cpu."
    )(added)


def _slots(names: str | None, workers: int | None) -> "tuple[Device, ...]":
    """What the two options name. Raises InputError for what this machine has not."""
    from advisor import gpus
    from studies import devices  # what `advisor --help` does without

    if names is None and workers is None:
        return ()
    return devices.slots(names, workers, devices.available(gpus.local()))


fraction = click.option(
    "--fraction", metavar="SHARE",
    help="A slice of an NVIDIA GPU by its share of the SMs or its MIG profile: 1/7, 1g.10gb.",
)  # fmt: skip


def gpu(command: Command) -> Command:
    """--gpu, --gpu-memory and --fraction; the command gets `gpu`, None where none is named, and `gpus`, how many."""

    @functools.wraps(command)
    def resolved(
        gpu_name: str | None, gpu_memory: int | None, fraction: str | None, gpus: int | None = None, **values: Any
    ) -> Any:
        gpu, count = chosen_gpu(gpu_name, gpu_memory, fraction)
        if gpus is not None and count is not None and gpus != count:
            raise InputError("--gpus", expected=f"{count}, as --gpu says, or none", got=gpus)
        return command(gpu=gpu, gpus=gpus or count, **values)

    added = click.option(
        "--gpu-memory", type=BYTES, metavar="BYTES",
        help="Memory of a GPU that the catalogue does not hold, such as 14GiB; no time can be said for it.",
    )(fraction(resolved))  # fmt: skip
    return click.option(
        "--gpu", "gpu_name", metavar="NAME",
        help="A GPU of the catalogue (advisor gpus), several ('8x H100 SXM'), 'local' for this machine's, or 'cpu'.",
    )(added)  # fmt: skip


def profile(command: Command) -> Command:
    """--profile."""
    return click.option(
        "--profile", metavar="NAME", callback=chosen_profile, expose_value=True,
        help="Whose rates time is said by (advisor calibrate --list); by default the one that bears the GPU's name.",
    )(command)  # fmt: skip


def chosen_profile(_ctx: click.Context, _param: click.Parameter, name: str | None) -> "Profile | None":
    """The fitted profile of this name. Raises UnknownError or, when it has no rates, InputError."""
    if name is None:
        return None
    from advisor.timing import profiles  # most estimates do without

    found = profiles.find(name, profiles.user_folder())
    if not found.coefficients:
        raise InputError("--profile", expected="a profile with steps in it, as advisor calibrate makes", got=name)
    return found


def chosen_gpu(name: str | None, memory: int | None, fraction: str | None) -> tuple[GPU | None, int | None]:
    """What the three options name, and how many, None for one. Raises InputError where they do not go together."""
    if name is None:
        if fraction is not None:
            raise InputError("--gpu", expected="the GPU that --fraction is of", got=None)
        return (None if memory is None else custom(memory)), None
    if memory is not None:
        raise InputError("--gpu-memory", expected="either --gpu or --gpu-memory", got=f"--gpu {name} too")
    chosen = named(name, fraction)
    gpu = noted(chosen.gpu)
    return gpu, (chosen.count if chosen.count > 1 else None)


def noted(gpu: GPU) -> GPU:
    """The same with the speed of a calibration, if it is a CPU; peaks that are derived are said on standard error."""
    if gpu.kind == "cpu":
        from advisor.timing.measured import as_measured  # a GPU's row does not wait for it

        gpu = as_measured(gpu)
    if gpu.peaks_source.startswith("derived"):
        advice = "; advisor calibrate measures them" if gpu.kind == "cpu" else ""
        click.echo(f"note: {gpu.name}: peaks {gpu.peaks_source}{advice}", err=True)
    return gpu


def required(gpu: GPU | None) -> GPU:
    """The GPU that was named. Raises InputError when none was."""
    if gpu is None:
        raise InputError("--gpu", expected="--gpu NAME or --gpu-memory BYTES", got=None, nearest="--gpu local")
    return gpu


PLAN_OPTIONS: list[Callable[[Command], Command]] = [
    click.option("--batch", type=int, default=8, show_default=True, help="Micro-batch [sequences]."),
    click.option("--accumulation", type=int, default=1, show_default=True, help="Micro-batches per optimizer step."),
    click.option("--seq", "sequence", type=int, help="Sequence length [tokens]; by default the model's context."),
    click.option(
        "--target-seq", "target_sequence", type=int,
        help="Target length of an encoder-decoder [tokens], --seq being the source's; by default the same.",
    ),
    click.option(
        "--precision", default="bf16", show_default=True, metavar="NAME",
        help=f"One of {', '.join(plan.PRECISIONS)}; bf16 and fp16 keep fp32 weights under autocast.",
    ),
    click.option(
        "--optimizer", default="adamw", show_default=True, metavar="NAME",
        help=f"One of {', '.join(plan.OPTIMIZERS)}, as torch.optim, lion_pytorch and bitsandbytes have them.",
    ),
    click.option(
        "--optimizer-implementation", default="fused", show_default=True, metavar="NAME",
        help=f"One of {', '.join(plan.OPTIMIZER_IMPLEMENTATIONS[plan.OPTIMIZERS[0]])}.",
    ),
    click.option("--grad-clip", is_flag=True, help="The norm of all gradients is clipped before the update."),
    click.option(
        "--checkpointing", default="none", show_default=True, metavar="NAME",
        help=f"Activation checkpointing, one of {', '.join(plan.CHECKPOINTING)}: what is recomputed.",
    ),
    click.option(
        "--checkpoint-every", type=int, default=1, show_default=True, help="Checkpoint every k-th block only."
    ),
    click.option(
        "--attention-kernel", default="auto", show_default=True, metavar="NAME",
        help=f"One of {', '.join(plan.ATTENTION_KERNELS)}; auto is what CUDA chooses on sm80 and later.",
    ),
    click.option("--compile", is_flag=True, help="torch.compile of the module: memory becomes an interval."),
    click.option("--ema", is_flag=True, help="A moving average of the weights is kept beside them."),
    click.option("--padding", is_flag=True, help="The batch comes with a mask of its padding: attention takes a mask."),
    click.option(
        "--loss", default="full", show_default=True, metavar="NAME",
        help=f"{' or '.join(plan.LOSSES)} (head and cross-entropy of one chunk of tokens after the other).",
    ),
    click.option("--loss-chunks", type=int, default=8, show_default=True, help="Chunks of a chunked loss."),
    click.option("--keep-logits", is_flag=True, help="The training loop keeps the logits until after backward."),
    click.option(
        "--implementation", metavar="NAME",
        help=f"Whose code runs: one of {', '.join(IMPLEMENTATIONS)} (transformers' own class); ours, or hf with --hf.",
    ),
    click.option("--gpus", type=int, help="Data-parallel GPUs, each with this batch; none for one."),
    click.option(
        "--sharding", default="none", show_default=True, metavar="NAME",
        help=f"What the GPUs share, one of {', '.join(plan.SHARDINGS)}: DistributedDataParallel, states, then FSDP.",
    ),
    click.option("--lora-rank", type=int, help="LoRA: train adapters of this rank, all weights are frozen."),
    click.option(
        "--lora-targets", default="q,v", show_default=True, metavar="NAMES",
        help=f"Projections with an adapter, joined by commas, of {', '.join(lora.TARGETS)}.",
    ),
]  # fmt: skip


def plan_options(command: Command) -> Command:
    """The options of a plan."""
    for option in reversed(PLAN_OPTIONS):
        command = option(command)
    return command


def chosen_plan(
    context: int, sequence: int | None, implementation: str | None = None, lora_rank: int | None = None,
    lora_targets: str = "", **values: Any,
) -> Plan:  # fmt: skip
    """The plan that the options name; the sequence is the model's context unless given, the implementation ours."""
    length = context if sequence is None else sequence
    adapters = None if lora_rank is None else LoRA(rank=lora_rank, targets=lora_targets)
    return Plan(sequence=length, implementation=implementation or "ours", lora=adapters, **values)  # type: ignore[arg-type]


def proposal(*, required: bool = True) -> Callable[[Command], Command]:
    """PROPOSAL and --rank."""

    def decorate(command: Command) -> Command:
        rank = "Which of several proposals, 1 being the first; by default the first."
        with_rank = click.option("--rank", type=int, help=rank)(command)
        return click.argument("proposal", metavar="PROPOSAL", required=required)(with_rank)

    return decorate


# an option of the plan -> the plan's field, where they have different names
PLAN_FIELDS = {"lora_rank": "lora", "lora_targets": "lora"}


def with_plan(stored: Stored, plan_values: dict[str, Any]) -> Stored:
    """The same, with those fields of its plan replaced whose options are on the command line."""
    context = click.get_current_context()
    given = [o for o in plan_values if context.get_parameter_source(o) is ParameterSource.COMMANDLINE]
    if not given:
        return stored
    asked = chosen_plan(int(stored.model.context), **plan_values)
    fields = {PLAN_FIELDS.get(option, option) for option in given}
    changed = dataclasses.replace(stored.plan, **{field: getattr(asked, field) for field in fields})
    changed.check_against(stored.model)
    return dataclasses.replace(stored, plan=changed)


def lengths(plan: Plan) -> str:
    """One length, or those of source and target."""
    return str(plan.sequence) if plan.target_sequence is None else f"({plan.sequence} + {plan.target_sequence})"
