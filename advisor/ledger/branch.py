"""Branching on sizes: an ordinary `if` for one config, a split of the columns for many."""

from typing import Any


class Split(Exception):
    """A branch goes both ways within a chunk of columns; `mask` says which rows take it."""

    def __init__(self, mask: Any) -> None:
        super().__init__("the rows of these columns do not all take the same branch")
        self.mask = mask


def branch(condition: Any) -> bool:
    """`condition` as a bool. Raises Split when it is a column of both; the columns are then run in two parts."""
    if not hasattr(condition, "dtype") or condition.ndim == 0:
        return bool(condition)
    if condition.all():
        return True
    if condition.any():
        raise Split(condition)
    return False
