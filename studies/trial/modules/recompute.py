"""Activation checkpointing."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils.checkpoint import checkpoint

preserve_rng_state = True  # dropout draws the same masks again; a fake device has no random state to keep


def recompute(run: Callable[..., Tensor], *inputs: Any) -> Tensor:
    """run(*inputs), of which only the inputs are kept; it runs again in the backward pass."""
    result: Tensor = checkpoint(run, *inputs, use_reentrant=False, preserve_rng_state=preserve_rng_state)
    return result
