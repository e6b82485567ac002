"""How many tokens each trial of a study trains on, so that enough trials fit the budget."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from advisor.errors import InfeasibleError
from advisor.units import format_seconds

TRIALS = 16  # of the search: what a depth-as-a-fraction space needs to get near its best, and a few
OTHERS = 2  # the default, and the winner's re-run
MIN_STEPS = 50  # fewer show the warm-up, not the config
MAX_EPOCHS = 4  # beyond, repeated tokens are worth less than new ones (Muennighoff et al. 2023, arXiv:2305.16264)


@dataclass(frozen=True, kw_only=True)
class Allotment:
    """Tokens of each trial, and the number of search trials that are expected to fit if none is pruned."""

    tokens_per_trial: int
    trials: int


def allot(
    *, seconds_left: float, mean_seconds: Callable[[int], float], min_tokens: int, train_tokens: int, trials: int,
    at_once: int = 1,
) -> Allotment:  # fmt: skip
    """The most tokens, up to MAX_EPOCHS, with which `trials` trials, `at_once`, and the others fit `seconds_left`.

    `mean_seconds`: predicted wall-clock of a trial of that many tokens, over the space. Raises InfeasibleError when
    not even one trial of `min_tokens` fits beside the others.
    """
    rounds = math.ceil((trials + 1) / at_once) + 1  # the default is one more trial; the re-run is after all
    tokens = _largest(
        lambda t: rounds * mean_seconds(t) <= seconds_left, min_tokens, max(min_tokens, MAX_EPOCHS * train_tokens)
    )
    fitting = (int(seconds_left / mean_seconds(tokens)) - 1) * at_once - 1
    if fitting < 1:
        need = (1 + OTHERS) * mean_seconds(min_tokens)
        raise InfeasibleError(
            f"budget: three trials of {min_tokens} tokens take {format_seconds(need)},"
            f" but only {format_seconds(max(seconds_left, 0.0))} are left of it; give more time or a smaller space"
        )
    return Allotment(tokens_per_trial=tokens, trials=min(fitting, trials))


def _largest(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number in [low, high] that fits, by bisection; `low` if none does."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
