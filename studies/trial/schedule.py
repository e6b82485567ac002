"""The learning rate at each step: linear warm-up, then what the schedule says. No torch here."""

import math

from advisor.spec.recipe import Recipe

COOLDOWN = 0.2  # of the steps after the warm-up: the decay of wsd


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Learning rate of `step` (0-based) of `steps`.

    The warm-up ends at the peak; linear, cosine and wsd end at the recipe's floor, on the last step; plateau stays at
    the peak, which `progress` lowers. Cosine: Loshchilov & Hutter 2017, eq. 5, one cycle.

    >>> recipe = Recipe(learning_rate=1.0, warmup_ratio=0.2, min_lr_ratio=0.1, schedule="linear")
    >>> [round(learning_rate(recipe, step, 10), 2) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 0.89, 0.1]
    """
    warmup = warmup_steps(recipe, steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    floor = recipe.floor
    if recipe.schedule == "inverse-sqrt":
        return recipe.learning_rate * max(floor, math.sqrt(max(warmup, 1) / (step + 1)))
    if recipe.schedule == "step":
        return recipe.learning_rate * max(floor, _stairs((step + 1) / steps))
    progress = (step + 1 - warmup) / (steps - warmup)
    return recipe.learning_rate * (floor + (1 - floor) * _decay(recipe.schedule, progress))


def warmup_steps(recipe: Recipe, steps: int) -> int:
    """How many steps warm up: so many, or a share of all, rounded; at most all of them."""
    asked = round(recipe.warmup_ratio * steps) if recipe.warmup_steps is None else recipe.warmup_steps
    return min(steps, asked)


def trunk_steps(recipe: Recipe, steps: int) -> int:
    """How many of the first steps any longer trial with as many steps of warm-up takes too: up to the decay of wsd.

    Of other schedules none: their length changes every step after the warm-up.

    >>> trunk_steps(Recipe(learning_rate=1.0, warmup_ratio=0.2, schedule="wsd"), 20)
    16
    """
    if recipe.schedule not in ("wsd", "constant"):
        return 0
    warmup = warmup_steps(recipe, steps)
    return warmup + sum(learning_rate(recipe, step, steps) == recipe.learning_rate for step in range(warmup, steps))


def _stairs(progress: float) -> float:
    """The rate relative to its peak after this share of the steps."""
    return 1.0 if progress <= 0.8 else 0.316 if progress <= 0.9 else 0.1


def _decay(schedule: str, progress: float) -> float:
    """What is left of the way down, 1 to 0, at `progress` in (0, 1] since the warm-up."""
    if schedule in ("constant", "plateau"):
        return 1.0
    if schedule == "linear":
        return 1.0 - progress
    if schedule == "wsd":
        return 1.0 - math.sqrt(max(0.0, (progress - 1 + COOLDOWN) / COOLDOWN))
    return 0.5 * (1.0 + math.cos(math.pi * progress))
