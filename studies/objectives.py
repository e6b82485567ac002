"""What a study is to make small: the loss, and beside it what a model costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.errors import InputError, UnknownError
from advisor.units import format_bytes, format_count, format_flops

LOSS = "loss"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What a model costs, known before it is trained."""

    name: str
    label: str
    show: Callable[[float], str]  # for a person, with its unit


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms"


OBJECTIVES = {
    each.name: each
    for each in (
        Objective(name="parameters", label="parameters", show=format_count),
        Objective(name="memory", label="memory of a step", show=format_bytes),  # allocated at the peak [bytes]
        Objective(name="flops", label="FLOPs per token", show=format_flops),  # of a training step
        Objective(name="latency", label="latency", show=_milliseconds),  # of one sequence's forward pass [s]
    )
}


def check_objectives(names: Sequence[str]) -> None:
    """Raises InputError or UnknownError unless these are the loss and then costs, each once."""
    if not names or names[0] != LOSS or len(set(names)) < len(names):
        raise InputError("objectives", expected=f"{LOSS}, then some of {', '.join(OBJECTIVES)}", got=",".join(names))
    for name in names[1:]:
        if name not in OBJECTIVES:
            raise UnknownError("objective", name, OBJECTIVES)


def beside_loss(names: Sequence[str]) -> tuple[Objective, ...]:
    """What a study is to make small beside the loss."""
    return tuple(OBJECTIVES[name] for name in names if name != LOSS)
