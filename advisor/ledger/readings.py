"""What is read off a step: plain frozen values, the stable form of `--json`; bytes, FLOPs, seconds as plain numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Trainable weights; `embedding` counts the token and position tables."""

    total: int
    embedding: int


@dataclass(frozen=True, kw_only=True)
class Flops:
    """Of one optimizer step, all its micro-batches [FLOP].

    2 per multiply-add; matrix products and attention, causal attention not halved.
    """

    forward: float
    step: float


@dataclass(frozen=True, kw_only=True)
class Allocated:
    """Peak of allocated memory [bytes]: what torch.cuda.max_memory_allocated() reports; and where it is reached."""

    bytes: int
    phase: str
    op: str


@dataclass(frozen=True, kw_only=True)
class Range:
    """A prediction [bytes] with its 90 % interval."""

    bytes: int
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The highest level [bytes] of one stretch of the step."""

    phase: str
    op: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Memory:
    """[bytes]. Parameters, gradients, optimizer states as allocated, each tensor rounded up to 512; saved unrounded."""

    parameters: int
    gradients: int
    optimizer: int
    saved: int
    allocated: Allocated
    reserved: Range
    device: Range
    timeline: tuple[Moment, ...]


@dataclass(frozen=True, kw_only=True)
class KVCache:
    """Keys and values that generation keeps per token of one sequence [bytes]."""

    bytes_per_token: int


@dataclass(frozen=True, kw_only=True)
class Time:
    """Of one optimizer step on the GPU, with its interval; `mfu` is the share of the dense peak that is used."""

    step_seconds: float
    low: float
    high: float
    tokens_per_second: float
    mfu: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the step fits the GPU's memory: `probability` that device memory stays within it."""

    fits: bool
    probability: float
    headroom_bytes: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """All readings of one spec and plan; `time` and `verdict` only on a GPU (time only where its peak is known)."""

    parameters: Parameters
    flops: Flops
    memory: Memory
    kv_cache: KVCache
    time: Time | None = None
    verdict: Verdict | None = None
