"""All that a training run consists of between two steps, held apart from it: capture, restore, digest."""

import hashlib
import json
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studies.trial.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Copies, in CPU memory: tensors by name, and plain JSON values for all that is not a tensor.

    Parameters and buffers, optimizer state and param groups, the scale of an fp16 loss, train or eval mode of every
    module, steps done, and the positions of every random generator: Python, NumPy, torch (CPU and device), the data's.
    No gradients: between two steps there are none.
    """

    tensors: dict[str, Tensor]
    values: dict[str, Any]


def capture(trainer: Trainer) -> TrainingState:
    """A copy of everything that the next step would read or change."""
    optimizer = trainer.optimizer.state_dict()
    live = _weights(trainer) | _moments(optimizer["state"]) | _generators(trainer)
    numpy_name, numpy_keys, *numpy_rest = np.random.get_state(legacy=True)
    values = {
        "steps_done": trainer.steps_done,
        "modes": {name: module.training for name, module in trainer.module.named_modules()},
        "param_groups": optimizer["param_groups"],
        "scaler": trainer.scaler.state_dict(),
        "random.python": random.getstate(),
        "random.numpy": [numpy_name, np.asarray(numpy_keys).tolist(), *numpy_rest],
    }
    tensors = {name: tensor.detach().to("cpu", copy=True) for name, tensor in live.items()}
    return TrainingState(tensors=tensors, values=json.loads(json.dumps(values)))


@torch.no_grad()
def restore(trainer: Trainer, state: TrainingState) -> None:
    """Put the trainer back to `state`, in place. The trainer must be of the same model, plan and recipe."""
    for name, tensor in _weights(trainer).items():
        tensor.copy_(state.tensors[name])
    trainer.optimizer.load_state_dict(_optimizer_state(state))
    trainer.optimizer.zero_grad(set_to_none=True)
    if trainer.scaler.is_enabled():
        trainer.scaler.load_state_dict(state.values["scaler"])
    for name, module in trainer.module.named_modules():
        module.training = state.values["modes"][name]
    trainer.steps_done = state.values["steps_done"]
    _restore_generators(trainer, state)


def digest(state: TrainingState) -> str:
    """SHA-256 over every name, type, shape, byte and value: equal only for two states of the same training run."""
    sha = hashlib.sha256(json.dumps(state.values, sort_keys=True).encode())
    for name, tensor in sorted(state.tensors.items()):
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def _weights(trainer: Trainer) -> dict[str, Tensor]:
    """Parameters and buffers, live; tied ones once."""
    module = trainer.module
    named = [*module.named_parameters(), *module.named_buffers()]
    return {f"module.{name}": tensor for name, tensor in named}


def _moments(state: dict[int, dict[str, Tensor]]) -> dict[str, Tensor]:
    """The optimizer's tensors, live: `optimizer.<index of the parameter>.<key>`."""
    return {f"optimizer.{index}.{key}": tensor for index, entry in state.items() for key, tensor in entry.items()}


def _optimizer_state(state: TrainingState) -> dict[str, Any]:
    """The inverse of `_moments`, as copies: the optimizer keeps, and then changes, the tensors that it is given."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in state.tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            moments.setdefault(int(index), {})[key] = tensor.clone()
    groups = [{**group, "betas": tuple(group["betas"])} for group in state.values["param_groups"]]
    return {"state": moments, "param_groups": groups}


def _generators(trainer: Trainer) -> dict[str, Tensor]:
    """Positions of torch's generators, as torch gives them."""
    positions = {"random.torch": torch.get_rng_state(), "random.data": trainer.batches.generator.get_state()}
    if trainer.device.type != "cpu":
        positions["random.device"] = torch.get_device_module(trainer.device).get_rng_state(trainer.device)
    return positions


def _restore_generators(trainer: Trainer, state: TrainingState) -> None:
    torch.set_rng_state(state.tensors["random.torch"])
    trainer.batches.generator.set_state(state.tensors["random.data"])
    if trainer.device.type != "cpu":
        torch.get_device_module(trainer.device).set_rng_state(state.tensors["random.device"], trainer.device)
    version, internal, gauss = state.values["random.python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state.values["random.numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
