"""What the evaluations of a run have come to: the best loss, whether it still falls, the rate of a plateau."""

import math
from typing import Any

import torch
from torch import optim
from torch.optim.lr_scheduler import ReduceLROnPlateau

from advisor.spec.recipe import Recipe


class Progress:
    """Part of the training state: a restored run stops, and slows down, where an uninterrupted one would have."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.best, self.best_step = math.inf, 0  # of the validation losses [nats/token]
        self._to_beat, self._since = math.inf, 0
        # An optimizer of nothing, whose learning rate is the plateau's.
        self._rate = optim.SGD([torch.zeros(())], lr=recipe.learning_rate)
        self._plateau = ReduceLROnPlateau(
            self._rate,
            factor=recipe.plateau_factor,
            patience=recipe.plateau_patience,
            min_lr=recipe.floor * recipe.learning_rate,
        )

    def see(self, loss: float, step: int) -> bool:
        """The next evaluation's loss; whether it is the best so far."""
        if loss < self._to_beat - self._recipe.min_delta:
            self._to_beat, self._since = loss, 0
        else:
            self._since += 1
        if self._recipe.schedule == "plateau":
            self._plateau.step(loss)
        is_best = loss < self.best
        if is_best:
            self.best, self.best_step = loss, step
        return is_best

    @property
    def is_over(self) -> bool:
        """Whether the recipe's patience is at its end."""
        return 0 < self._recipe.patience <= self._since

    @property
    def rate(self) -> float:
        """What a plateau has left of the learning rate, 1 to the recipe's floor."""
        return self._rate.param_groups[0]["lr"] / self._recipe.learning_rate  # type: ignore[no-any-return]

    def explain(self) -> str:
        """One line about the end of the patience."""
        r = self._recipe
        better = f"better by {r.min_delta:g}" if r.min_delta else "better"
        return f"stopped early: {r.patience} evaluations and none {better}; the best was at step {self.best_step}"

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        values = {"best": self.best, "best_step": self.best_step, "to_beat": self._to_beat, "since": self._since}
        return {**values, "plateau": {k: v for k, v in self._plateau.state_dict().items() if k != "optimizer"}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What state_dict gave."""
        self.best, self.best_step = state["best"], state["best_step"]
        self._to_beat, self._since = state["to_beat"], state["since"]
        self._plateau.load_state_dict(state["plateau"])
        self._rate.param_groups[0]["lr"] = self._plateau.get_last_lr()[0]
