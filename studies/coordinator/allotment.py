"""How many tokens each trial of a study trains on, so that all that its strategy plans fits the budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.errors import InfeasibleError
from advisor.units import format_seconds
from studies.strategy.parts import MARGIN, Part, wall_clock

MIN_STEPS = 50  # fewer show the warm-up, not the config
MAX_EPOCHS = 4  # beyond, repeated tokens are worth less than new ones (Muennighoff et al. 2023, arXiv:2305.16264)


@dataclass(frozen=True, kw_only=True)
class Allotment:
    """Tokens of each trial, and the number of search trials that are expected to fit if none is stopped early."""

    tokens_per_trial: int
    trials: int


def allot(
    *, seconds_left: float, plan: Callable[[int, int], Sequence[Part]], min_tokens: int, train_tokens: int, trials: int,
    at_once: int = 1,
) -> Allotment:  # fmt: skip
    """The most tokens, up to MAX_EPOCHS, with which all of a plan with `trials` trials in its search can be started.

    `plan(tokens, trials)`: all that the strategy runs, the winner's re-runs last. Raises InfeasibleError when one trial
    of `min_tokens` and what comes before it do not fit; the re-runs may be left out.
    """

    def fits(tokens: int, trials: int) -> bool:
        return MARGIN * wall_clock(plan(tokens, trials), at_once) <= seconds_left

    need = wall_clock(plan(min_tokens, 1)[:-1], at_once)
    if need > seconds_left:
        raise InfeasibleError(
            f"budget: one trial of {min_tokens} tokens, and what comes before it, take {format_seconds(need)},"
            f" but only {format_seconds(max(seconds_left, 0.0))} are left of it; give more time or a smaller space"
        )
    most = max(min_tokens, MAX_EPOCHS * train_tokens)
    tokens = _largest(lambda tokens: fits(tokens, trials), min_tokens, most)
    return Allotment(tokens_per_trial=tokens, trials=_largest(lambda number: fits(tokens, number), 1, trials))


def _largest(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number in [low, high] that fits, by bisection; `low` if none does."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
