"""A model of the user's own code, by the file that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Own:
    """What `objective`, FILE.py:FUNCTION, makes of the values of a point."""

    objective: str
    values: Mapping[str, Any]
