"""What fits: the largest depth whose training step and whose parameters stay within their limits."""

import functools

import numpy as np

from advisor import ledger
from advisor.spec import Model, Plan, with_depth


@functools.lru_cache(maxsize=4096)
def largest_depth(model: Model, plan: Plan, max_depth: int, limit_bytes: int, max_parameters: int | None = None) -> int:
    """The largest depth up to `max_depth` at which one step allocates at most `limit_bytes`; 0 if depth 1 does not fit.

    The depth of `model` itself does not matter. Peak and parameters grow with depth, so those that fit come first.
    """
    depths = np.arange(1, max_depth + 1, dtype=np.int64)
    columns = ledger.columns(with_depth(model, depths), plan)
    fits = columns.peak <= limit_bytes
    return int((fits if max_parameters is None else fits & (columns.parameters <= max_parameters)).sum())
