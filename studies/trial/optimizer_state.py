"""The state of any torch optimizer: tensors by `<index of the parameter>.<key>`, and plain values."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.optim import Optimizer


def read(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The live tensors, and all the rest as plain JSON values."""
    states = {index: optimizer.state[p] for index, p in enumerate(_parameters(optimizer)) if p in optimizer.state}
    named = {f"{index}.{key}": value for index, state in states.items() for key, value in state.items()}
    tensors = {name: value for name, value in named.items() if isinstance(value, Tensor)}
    plain = {name: value for name, value in named.items() if name not in tensors}
    groups = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    return tensors, {"state": plain, "groups": groups}


def write(optimizer: Optimizer, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Put back what `read` gave, of an optimizer of the same parameters; the tensors are copied.

    How we differ: load_state_dict gives a state the type of its parameter, which is not always the one that it had.
    """
    for group, kept in zip(optimizer.param_groups, values["groups"], strict=True):
        group.update({key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()})
    fused = [bool(group.get("fused")) for group in optimizer.param_groups for _ in group["params"]]
    parameters = _parameters(optimizer)
    optimizer.state.clear()
    for name, value in {**values["state"], **tensors}.items():
        index, _, key = name.partition(".")
        parameter = parameters[int(index)]
        # steps are counted on the CPU, unless a kernel of the device counts them
        device = "cpu" if key == "step" and not fused[int(index)] else parameter.device
        optimizer.state[parameter][key] = value.to(device, copy=True) if isinstance(value, Tensor) else value


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
