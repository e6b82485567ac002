"""The clock of a budget."""

import time


class Clock:
    """Seconds since the study began, those of earlier sittings included. It runs from its construction on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.budget = 0.0

    def set(self, budget_seconds: float, spent_seconds: float) -> None:
        """The budget, and what earlier sittings have spent of it."""
        self.budget = budget_seconds
        self._began -= spent_seconds

    @property
    def spent(self) -> float:
        """Seconds of the budget that are gone."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds of the budget that remain; negative when it is overdrawn."""
        return self.budget - self.spent
