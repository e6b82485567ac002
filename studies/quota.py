"""How many tokens a full trial trains on: as many as its model can see in the time that each trial has."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quota:
    """`tokens` for the largest model of a space, for others as many as take as long: the best model is asked for
    within a time, and a small one may learn more from many tokens than a large one from few.

    A step takes time for its FLOPs, and some whatever its size: as long as `overhead` FLOPs. Where that is infinite,
    as where nobody knows it, all models train on as many tokens.
    """

    tokens: int
    most: int = 0  # of any model, if that is more than `tokens`: more are repeated too often
    overhead: float = math.inf  # [FLOP per step]
    per_token: float = 1.0  # FLOPs of the largest model's step, and the overhead, per token of that step
    dropout: float = 1.0  # a step with dropout takes so many times as long

    def of(self, flops_per_step: float, tokens_per_step: int, *, has_dropout: bool = False) -> int:
        """Tokens of a model whose steps are so large.

        >>> Quota(tokens=1000, most=2500, overhead=50.0, per_token=2.0).of(150.0, 100)
        1000
        >>> Quota(tokens=1000, most=2500, overhead=50.0, per_token=2.0).of(50.0, 100)
        2000
        >>> Quota(tokens=1000, overhead=50.0, per_token=2.0, dropout=1.25).of(150.0, 100, has_dropout=True)
        800
        """
        if math.isinf(self.overhead):
            return self.tokens
        factor = self.dropout if has_dropout else 1.0
        as_long = self.tokens * self.per_token * tokens_per_step / (factor * (flops_per_step + self.overhead))
        return min(round(as_long), max(self.tokens, self.most))
