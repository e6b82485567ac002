"""A proposal's step, really run on the device at hand, in a process of its own, beside what was predicted."""

import dataclasses
from dataclasses import dataclass

import psutil

from advisor import timing
from advisor.errors import DeviceError, InfeasibleError, InputError
from advisor.gpus import GPU
from advisor.ledger.readings import Estimate
from advisor.ledger.scalar import one_step
from advisor.ledger.tape import phase_peaks, unrounded
from advisor.spec import Model, Plan, Seq2Seq, check
from advisor.units import format_bytes
from studies.devices import device_of
from studies.executors.local import LocalExecutor
from studies.job import Outcome, Taken, VerifyJob

LIMIT_SECONDS = 1800.0  # three steps that take longer hang
POLL_SECONDS = 0.1
SPARE = 2**30  # [bytes] of RAM that Python, torch and kernels take beside tensors


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What can be run here: the model and the plan as they are, or what a CPU computes exactly."""

    model: Model
    plan: Plan
    gpu: GPU  # the device at hand
    changes: tuple[str, ...]  # in words, of the plan that was asked for

    @property
    def on_cpu(self) -> bool:
        """Whether steps run on a CPU."""
        return device_of(self.gpu).name == "cpu"


def trial_of(model: Model, plan: Plan, gpu: GPU) -> Trial:
    """What `gpu`, the device at hand, can run of it. Raises InputError or DeviceError."""
    kind = device_of(gpu).name.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise DeviceError(f"verifying: expected a CPU or an NVIDIA or AMD GPU, got {gpu.name}")
    if plan.implementation != "ours":
        raise InputError("plan.implementation", expected="ours: other code is not run", got=plan.implementation)
    if plan.compile:
        raise InputError("plan.compile", expected="false: a compiled step's prediction is an interval", got=True)
    changes = [] if plan.gpus is None else [f"as one process, without what {plan.gpus} GPUs send and share"]
    trial = Trial(
        model=model, plan=dataclasses.replace(plan, gpus=None, sharding="none"), gpu=gpu, changes=tuple(changes)
    )
    return trial if kind == "cuda" else _on_cpu(trial)


def _on_cpu(trial: Trial) -> Trial:
    """In fp32 and without dropout, where a CPU allocates what the ledger says. Raises InputError."""
    plan, dry = trial.plan, trial.model.with_dropout(0.0)
    if plan.optimizer == "adamw-8bit":
        raise InputError("plan.optimizer", expected="one that a CPU runs", got=plan.optimizer, nearest="adamw")
    changes = [f"in fp32 in place of {plan.precision}"] if plan.precision != "fp32" else []
    changes += ["without dropout"] if dry != trial.model else []
    here = dataclasses.replace(plan, precision="fp32", attention_kernel="auto")
    return dataclasses.replace(trial, model=dry, plan=here, changes=(*trial.changes, *changes))


def with_depth(model: Model, depth: int | None) -> Model:
    """The same model with so many layers; of an encoder-decoder, in each stack. Raises InputError."""
    if depth is None:
        return model
    check.whole("--depth", depth, depth_of(model))
    if isinstance(model, Seq2Seq):
        return dataclasses.replace(
            model, encoder_depth=min(depth, model.encoder_depth), decoder_depth=min(depth, model.decoder_depth)
        )
    return dataclasses.replace(model, depth=depth)


def depth_of(model: Model) -> int:
    """Layers; of an encoder-decoder those of the deeper stack."""
    return int(max(model.encoder_depth, model.decoder_depth) if isinstance(model, Seq2Seq) else model.depth)


def predict(trial: Trial) -> Estimate:
    """As `advisor size` does, whatever was verified; on a CPU, what is allocated is not rounded to 512 bytes."""
    e = timing.uncorrected(trial.model, trial.plan, trial.gpu)
    if not trial.on_cpu:
        return e
    peak = exact_peak(trial.model, trial.plan)
    allocated = dataclasses.replace(e.memory.allocated, bytes=peak)
    return dataclasses.replace(e, memory=dataclasses.replace(e.memory, allocated=allocated))


def exact_peak(model: Model, plan: Plan) -> int:
    """Peak of allocated memory [bytes] where nothing is rounded."""
    with unrounded():
        step = one_step(model, plan)
    return max(int(p.bytes) for p in phase_peaks(step.segments, step.base).values())


def check_fits(trial: Trial) -> None:
    """Raises InfeasibleError where the step would take more memory than is free, before anything is run."""
    room = free_bytes(trial)
    needed = _needed(trial)
    if needed <= room:
        return
    deepest = _deepest(trial, room)
    shallow = f"--depth {deepest} verifies as many of its layers" if deepest else "not even one layer fits"
    raise InfeasibleError(
        f"a step takes {format_bytes(needed)}, and {format_bytes(room)} are free on {trial.gpu.name}; {shallow}; "
        "a smaller --batch or --seq is another step"
    )


def free_bytes(trial: Trial) -> int:
    """What this machine can give now: of a GPU its memory, of a CPU the RAM that is available."""
    available = psutil.virtual_memory().available
    return min(trial.gpu.memory_bytes, available) if trial.on_cpu else trial.gpu.memory_bytes


def _needed(trial: Trial) -> int:
    """What it surely takes: a GPU that runs out of memory takes nothing down with it, a machine that does may."""
    if trial.on_cpu:
        return exact_peak(trial.model, trial.plan) + SPARE
    return timing.uncorrected(trial.model, trial.plan, trial.gpu).memory.device.low


def _deepest(trial: Trial, room: int) -> int:
    """The most layers that fit; 0 where not even one does."""
    low, high = 0, depth_of(trial.model)
    while high - low > 1:
        middle = (low + high) // 2
        shallow = dataclasses.replace(trial, model=with_depth(trial.model, middle))
        low, high = (middle, high) if _needed(shallow) <= room else (low, middle)
    return low


def run(trial: Trial) -> Taken:
    """Three real steps in a process of their own. Raises DeviceError if they fail.

    An exception gets out of here, Ctrl-C included, only when that process is gone.
    """
    job = VerifyJob(model=trial.model, plan=trial.plan, device=device_of(trial.gpu))
    with LocalExecutor([job.device]) as executor:
        executor.submit(job, limit_seconds=LIMIT_SECONDS)
        while True:
            for _, message in executor.poll(POLL_SECONDS):
                if isinstance(message, Outcome):
                    if message.taken is None:
                        raise DeviceError(f"the steps could not be run: {message.message}")
                    return message.taken
