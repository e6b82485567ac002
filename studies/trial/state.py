"""All that a training run consists of between two steps, held apart from it: capture, restore, digest."""

import hashlib
import json
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from studies.trial import optimizer_state
from studies.trial.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Copies, in CPU memory: tensors by name, and plain JSON values for all that is not a tensor.

    Parameters and buffers and their averages, states and param groups of all optimizers, the scale of an fp16 loss,
    train or eval mode of every module, steps done, what evaluations have come to, and the positions of every random
    generator: Python, NumPy, torch (CPU and device), the data's. No gradients: between two steps there are none.
    """

    tensors: dict[str, Tensor]
    values: dict[str, Any]


def capture(trainer: Trainer) -> TrainingState:
    """A copy of everything that the next step would read or change."""
    live = _weights(trainer) | _generators(trainer)
    values: dict[str, Any] = {
        "steps_done": trainer.steps_done,
        "modes": {name: module.training for name, module in trainer.module.named_modules()},
        "progress": trainer.progress.state_dict(),
        "scaler": trainer.scaler.state_dict(),
        "optimizers": [],
        "random.python": random.getstate(),
        "random.numpy": _numpy_state(),
    }
    for number, optimizer in enumerate(trainer.optimizers):
        moments, plain = optimizer_state.read(optimizer)
        live |= {f"optimizer.{number}.{name}": tensor for name, tensor in moments.items()}
        values["optimizers"].append(plain)
    tensors = {name: tensor.detach().to("cpu", copy=True) for name, tensor in live.items()}
    return TrainingState(tensors=tensors, values=json.loads(json.dumps(values)))


@torch.no_grad()
def restore(trainer: Trainer, state: TrainingState) -> None:
    """Put the trainer back to `state`, in place. The trainer must be of the same model, plan and recipe."""
    for name, tensor in _weights(trainer).items():
        tensor.copy_(state.tensors[name])
    for number, optimizer in enumerate(trainer.optimizers):
        prefix = f"optimizer.{number}."
        moments = {n.removeprefix(prefix): t for n, t in state.tensors.items() if n.startswith(prefix)}
        optimizer_state.write(optimizer, moments, state.values["optimizers"][number])
        optimizer.zero_grad(set_to_none=True)
    trainer.progress.load_state_dict(state.values["progress"])
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
    """Parameters and buffers, live; tied ones once. With the averages of them."""
    modules = {"module": trainer.module} | ({} if trainer.average is None else {"average": trainer.average})
    return {
        f"{kind}.{name}": tensor
        for kind, module in modules.items()
        for name, tensor in (*module.named_parameters(), *module.named_buffers())
    }


def _numpy_state() -> list[Any]:
    name, keys, *rest = np.random.get_state(legacy=True)
    return [name, np.asarray(keys).tolist(), *rest]


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
