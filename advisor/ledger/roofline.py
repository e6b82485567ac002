"""Time of a step on a GPU from its FLOPs, the bytes that it moves and the kernels that it launches.

A zero-shot estimate with a wide interval: rooflines without calibration have been off by a median of 37 to 77 % on
eight GPUs (HW-GPT-Bench latencies). Scalars and columns alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from advisor.ledger.readings import Time
from advisor.spec.plan import DTYPES
from advisor.units import TERA

if TYPE_CHECKING:
    from advisor.gpus import GPU

COMPUTE_EFFICIENCY = 0.60  # share of the dense peak that large matrix products reach
BANDWIDTH_EFFICIENCY = 0.80
READS_PER_WRITE = 2  # a tensor is written once and read about twice
LAUNCH_SECONDS = 5e-6  # per kernel, when the GPU waits for the CPU
INTERVAL = 2.0  # factor either way


def peak_flops(gpu: GPU, precision: str) -> float | None:
    """Dense peak [FLOP/s] of the matrix products of a plan; that of fp32 where the card has no half precision."""
    peaks: dict[str, float] = gpu.peaks
    return peaks.get(DTYPES[precision].compute) or peaks.get("fp32")


def moved_bytes(written: Any, updated: Any) -> Any:
    """Bytes that a step moves, which writes `written` bytes of new tensors and moves `updated` in its update."""
    return written * (1 + READS_PER_WRITE) + updated


def ridge(gpu: GPU, precision: str) -> float | None:
    """FLOPs per byte at which the GPU's peak and its bandwidth take equally long; None where one is not known."""
    peak = peak_flops(gpu, precision)
    return peak / gpu.bandwidth if peak and gpu.bandwidth else None


def step_seconds(flops: Any, written: Any, updated: Any, launches: Any, gpu: GPU, precision: str) -> Any:
    """Seconds of one step that writes `written` bytes of new tensors and moves `updated` bytes in its update.

    None when the GPU's peak is not known.
    """
    peak = peak_flops(gpu, precision)
    if peak is None or not gpu.bandwidth:
        return None
    moved = moved_bytes(written, updated)
    busy = flops / (peak * COMPUTE_EFFICIENCY) + moved / (gpu.bandwidth * BANDWIDTH_EFFICIENCY)
    waiting = launches * LAUNCH_SECONDS
    return busy + waiting * waiting / (busy + waiting)  # a smooth maximum: launches hide behind long kernels


def time_reading(seconds: float, tokens: int, flops: float, gpu: GPU, precision: str) -> Time:
    """The reading with its interval, model FLOPs utilization and throughput."""
    peak = peak_flops(gpu, precision) or TERA
    return Time(
        step_seconds=seconds,
        low=seconds / INTERVAL,
        high=seconds * INTERVAL,
        tokens_per_second=tokens / seconds,
        mfu=flops / (seconds * peak),
    )
