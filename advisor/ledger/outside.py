"""What the memory machine cannot see: the caching allocator's slack, kernel workspaces, the CUDA context.

Every figure here is an interval, and stays one until it is measured on the GPU in question.
"""

import math
from typing import Any

from advisor.ledger.readings import Range, Verdict
from advisor.units import MIB

# Reserved over allocated memory: the median of a replay of the caching allocator's rules, and a wide interval.
RESERVED_RATIO, RESERVED_LOW, RESERVED_HIGH = 1.14, 1.0, 1.30
SEGMENT = 2 * MIB  # [bytes] the allocator asks the driver in multiples of this
CUBLAS_WORKSPACE = 8_519_680  # [bytes] per handle and stream; 32 MiB on Hopper, inside the interval below
CONTEXT, CONTEXT_LOW, CONTEXT_HIGH = 450 * MIB, 250 * MIB, 800 * MIB  # CUDA context with PyTorch's kernels loaded
SIGMAS = 1.645  # half-width of a 90 % interval of a normal distribution


def reserved(allocated: int) -> Range:
    """What the caching allocator will hold [bytes]: torch.cuda.max_memory_reserved()."""
    low, middle, high = (_segments(allocated, ratio) for ratio in (RESERVED_LOW, RESERVED_RATIO, RESERVED_HIGH))
    return Range(bytes=middle, low=low, high=high)


def device_high(allocated: Any) -> Any:
    """Upper end of the 90 % interval of device memory [bytes]; scalars or columns."""
    return _segments(allocated, RESERVED_HIGH) + CONTEXT_HIGH


def _segments(allocated: Any, ratio: float) -> Any:
    whole = (allocated + CUBLAS_WORKSPACE) * round(ratio * 100) // 100
    return (whole + SEGMENT - 1) // SEGMENT * SEGMENT


def device(held: Range) -> Range:
    """What nvidia-smi will show for the process [bytes]: reserved memory and the context."""
    return Range(bytes=held.bytes + CONTEXT, low=held.low + CONTEXT_LOW, high=held.high + CONTEXT_HIGH)


def verdict(shown: Range, memory_bytes: int) -> Verdict:
    """Whether `shown` stays within the GPU's memory; a split normal distribution through the interval."""
    room = memory_bytes - shown.bytes
    spread = (shown.high - shown.bytes if room > 0 else shown.bytes - shown.low) / SIGMAS
    probability = 0.5 * (1 + math.erf(room / (spread * math.sqrt(2))))
    return Verdict(fits=shown.high <= memory_bytes, probability=round(probability, 4), headroom_bytes=room)
