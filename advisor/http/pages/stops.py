"""Where a slider stops: values that can be built and run, of every dimension and of the plan's sizes."""

from __future__ import annotations

from functools import lru_cache

from advisor.errors import AdvisorError
from advisor.http.pages.shape import reshaped, shape
from advisor.spec import BDH, Model, Plan

MOST = 64  # stops of a slider
DEEPEST = 48
WIDEST = 4096
UNIT = 64  # of a width that no heads fix
LARGEST_BATCH = 1024
SHORTEST = 16  # sequence [tokens]
WIDE_HEADS = 256


def stops(model: Model, plan: Plan) -> dict[str, tuple[int, ...]]:
    """Ascending values for each slider, what is chosen now among them."""
    found = {
        **_dimensions(model),
        "batch": _doublings(1, max(LARGEST_BATCH, plan.batch)),
        "sequence": _doublings(SHORTEST, int(model.context)),
    }
    chosen = shape(model) | {"batch": plan.batch, "sequence": plan.sequence}
    return {name: tuple(sorted({*values, chosen[name]})) for name, values in found.items()}


@lru_cache(maxsize=256)
def _dimensions(model: Model) -> dict[str, list[int]]:
    """Kept, since the same model is asked about at every stop of another slider."""
    deepest = max(DEEPEST, 2 * shape(model)["depth"])
    shapes = {"depth": range(1, deepest + 1), "d_model": _widths(model), "heads": _heads(model)}
    return {name: [n for n in values if _is_model(model, {name: n})] for name, values in shapes.items()}


def _is_model(model: Model, change: dict[str, int]) -> bool:
    try:
        reshaped(model, change)
    except AdvisorError:
        return False
    return True


def _widths(model: Model) -> range:
    """Whole heads of the size that they have, where that follows from the width; at most MOST of them."""
    follows = not isinstance(model, BDH) and model.attention.head_size is None
    unit = model.d_model // shape(model)["heads"] if follows else UNIT
    highest = max(2 * model.d_model, min(WIDEST, 16 * unit))
    step = unit * max(1, highest // (unit * MOST))
    return range(step, highest + 1, step)


def _heads(model: Model) -> list[int]:
    """Divisors of the width that leave heads of at most WIDE_HEADS; whole groups where heads have their own size."""
    now = shape(model)["heads"]
    if isinstance(model, BDH):
        return list(range(1, 2 * now + 1))
    if model.attention.head_size is None:
        width = model.d_model
        return [h for h in range(1, width // 2 + 1) if width % h == 0 and width // h <= WIDE_HEADS]
    group = now // (getattr(model, "kv_heads", now) or now)
    return list(range(group, 4 * now + 1, group))


def _doublings(low: int, high: int) -> list[int]:
    """low, 1.5 low, 2 low, 3 low, ... up to high, and high."""
    powers = [low << i for i in range(high.bit_length()) if low << i <= high]
    return sorted({*powers, *(3 * p // 2 for p in powers if 3 * p // 2 <= high), high})
