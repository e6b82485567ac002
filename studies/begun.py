"""What the store keeps of a trial that runs."""

from dataclasses import dataclass
from typing import Any

from studies.records import Role


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A trial that was started, so that it can run again if its end is never told."""

    number: int
    role: Role
    params: dict[str, Any]  # Optuna's suggested values by name
    seed: int
    length: float = 1.0  # tokens that its schedule is made for, as a share of a full trial's
    continued_from: int | None = None  # the trial from whose checkpoint it goes on
