"""What the stages of a search propose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from studies.records import Role

Params: TypeAlias = Mapping[str, float]  # by knob


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A trial worth running next."""

    role: Role
    params: Params
    length: float = 1.0  # share of a full trial's tokens, which its learning-rate schedule is made for
    continues: int | None = None  # the trial from whose checkpoint it may go on
