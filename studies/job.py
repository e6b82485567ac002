"""What the coordinator hands to a worker, and what the worker sends back. No torch here."""

import math
from dataclasses import dataclass

from advisor.errors import InputError
from advisor.spec import Model, Plan, check
from advisor.spec.own import Own
from advisor.spec.recipe import Recipe
from advisor.timing.profile import Measurement
from studies.needs import Needs
from studies.records import CurvePoint, Reason, State, SweepRecord

MIN_SWEEP_STEPS = 10  # fewer cannot be read
MAX_TOKENS = 1_000_000  # of one sample
MAX_SWEEP_STEPS = 2000  # more say nothing new, and smoothing takes the square of it in memory


@dataclass(frozen=True, kw_only=True)
class Data:
    """What to train on: a name or path, as studies.data.read takes it, how text becomes tokens, what must be there."""

    source: str = "pydoc"
    tokenizer: str = "bytes"
    sha256: str = ""  # "": whatever is there


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where trials run: `cpu`, `cuda:0`, `mps`."""

    name: str = "cpu"
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a training run after `step` steps, in a file."""

    path: str
    step: int


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """Everything one training run needs. `flops_per_step` and sizes come from the ledger, not from the worker."""

    model: Model | Own
    plan: Plan
    recipe: Recipe
    data: Data
    device: Device
    seed: int
    steps: int
    eval_every: int  # [steps]
    eval_batches: int  # validation batches per evaluation, the same ones every time
    flops_per_step: float
    has_dropout: bool = False  # masks are drawn, which takes time and no FLOPs
    checkpoints: str | None = None  # folder in which best.safetensors and last.safetensors are left
    starts_from: Checkpoint | None = None  # of a trial that has taken the same steps; without its file: from nothing
    leaves: Checkpoint | None = None


@dataclass(frozen=True, kw_only=True)
class SweepJob:
    """An LR range test: exponential ramp from `low` to `high` over `steps` (studies/ramp.py has what suits a run)."""

    model: Model | Own
    plan: Plan
    recipe: Recipe
    data: Data
    device: Device
    seed: int
    low: float
    high: float
    steps: int

    def __post_init__(self) -> None:
        """Raises InputError for a ramp that is none."""
        check.whole("sweep.steps", self.steps, MAX_SWEEP_STEPS, MIN_SWEEP_STEPS)
        if not 0 < self.low < self.high < math.inf:
            raise InputError("sweep.low, sweep.high", expected="0 < low < high", got=(self.low, self.high))


@dataclass(frozen=True, kw_only=True)
class CalibrationJob:
    """Micro-measurements of a device, one after the other."""

    device: Device
    seconds: float  # for all of them together, about


@dataclass(frozen=True, kw_only=True)
class VerifyJob:
    """Three real steps of a model and its plan."""

    model: Model
    plan: Plan
    device: Device


@dataclass(frozen=True, kw_only=True)
class TraceJob:
    """A few real steps of models of the user's own, to be measured: each with its plan and recipe."""

    configs: tuple[tuple[Own, Plan, Recipe], ...]
    device: Device


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How new tokens are drawn, and how many. Raises InputError."""

    tokens: int = 200
    temperature: float = 0.8  # logits are divided by it; 0: always the likeliest token
    top_k: int | None = None  # only the likeliest k
    top_p: float | None = None  # only the likeliest that together have this share
    seed: int = 0
    end: int | None = None  # the token that ends them

    def __post_init__(self) -> None:
        check.whole("tokens", self.tokens, MAX_TOKENS)
        if self.temperature != 0:
            check.positive("temperature", self.temperature, 100.0)
        if self.top_k is not None:
            check.whole("top-k", self.top_k, check.MAX_VOCAB)
        if self.top_p is not None:
            check.positive("top-p", self.top_p, 1.0)
        check.whole("seed", self.seed, 2**32 - 1, 0)


@dataclass(frozen=True, kw_only=True)
class SampleJob:
    """New tokens from the model that a trial has left at `checkpoint`."""

    model: Model
    plan: Plan
    device: Device
    checkpoint: str
    prompt: tuple[int, ...]  # tokens; of an encoder-decoder those that the target begins with
    source: tuple[int, ...]  # what an encoder-decoder translates
    sampling: Sampling


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What such a step took [bytes, s]; a CPU has no caching allocator, so nothing reserved and nothing of a driver."""

    allocated: int
    reserved: int | None = None
    device: int | None = None
    step_seconds: float


Job = TrialJob | SweepJob | CalibrationJob | VerifyJob | SampleJob | TraceJob


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Worker -> coordinator, batched: at most a few messages per second."""

    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """Worker -> coordinator: the checkpoint that the job starts from cannot be read, so it begins at the start."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Worker -> coordinator: one row of a calibration, and of how many."""

    row: Measurement
    total: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Worker -> coordinator, the last message. `sweep` is a SweepJob's, and so on."""

    state: State
    reason: Reason = ""
    message: str = ""
    value: float | None = None
    measured_memory_bytes: int | None = None
    sweep: SweepRecord | None = None
    taken: Taken | None = None
    tokens: tuple[int, ...] | None = None
    needs: tuple[Needs | None, ...] = ()  # None: out of memory


Message = Reports | Restarted | Measured | Outcome
STOP = "stop"  # coordinator -> worker: end now, tell PRUNED with reason rung
