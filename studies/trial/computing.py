"""In which precision a plan computes, and with which attention kernel."""

import contextlib
from collections.abc import Iterator

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from advisor.spec import Plan

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
KERNELS = {
    "math": SDPBackend.MATH,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
}


@contextlib.contextmanager
def as_planned(plan: Plan, device: torch.device) -> Iterator[None]:
    """Forward passes under the plan's autocast and with its kernel; `auto` leaves that choice to torch."""
    with contextlib.ExitStack() as stack:  # of only what is asked for: a context costs as much as a small kernel
        if plan.precision in AUTOCAST:
            stack.enter_context(torch.autocast(device.type, AUTOCAST[plan.precision]))
        if plan.attention_kernel in KERNELS:
            stack.enter_context(sdpa_kernel(KERNELS[plan.attention_kernel]))
        yield
