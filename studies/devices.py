"""The local device in the words of a job, found without importing torch."""

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import psutil

from advisor.errors import InputError
from advisor.gpus import GPU
from advisor.gpus.detect import nvidia_count
from studies.job import Device

KINDS = {"nvidia": "cuda", "amd": "cuda", "apple": "mps"}  # ROCm's devices are called cuda too


def local_slots(gpu: GPU) -> tuple[Device, ...]:
    """Where trials run on this machine unless somebody says otherwise: on its GPU, or on each core of its CPU."""
    device = device_of(gpu)
    return slots("cpu", cores(), ["cpu"]) if device.name == "cpu" else (device,)


def slots(names: str | None, workers: int | None, known: Sequence[str]) -> tuple[Device, ...]:
    """Slots on devices such as "cuda:0,cuda:1", or so many `workers` of the CPU; `known` are those of this machine.

    A slot of the CPU is one thread: a small model's step gains little from a second. Raises InputError for a device
    that is not known, or more workers than cores.
    """
    asked = [name.strip() for name in (names or known[0]).split(",")]
    for name in asked:
        if name not in known:
            raise InputError("--devices", expected=f"some of this machine's {', '.join(known)}", got=name)
    if workers is not None and asked != ["cpu"]:
        raise InputError("--workers", expected="--devices cpu, whose cores they are", got=f"devices {','.join(asked)}")
    if workers is not None and not 1 <= workers <= cores():
        raise InputError("--workers", expected=f"1 to {cores()}, the cores at hand", got=workers)
    return tuple(Device(name=name, threads=1) for name in asked * (workers or 1))


def available(gpu: GPU) -> list[str]:
    """torch's names for what it can use on this machine, whose device is `gpu`; first the one that it would use."""
    kind = device_of(gpu).name
    if kind.startswith("cuda"):
        return [*(f"cuda:{i}" for i in range(max(1, nvidia_count()))), "cpu"]
    return list(dict.fromkeys([kind, "cpu"]))


def device_of(gpu: GPU) -> Device:
    """Where torch would train on this machine, `gpu` being the device at hand."""
    kind = "cpu" if gpu.kind == "cpu" or _torch_is_for_cpu() else KINDS.get(gpu.vendor, "cpu")
    return Device(name="cuda:0" if kind == "cuda" else kind, threads=cores())


def precision_of(device: Device, gpu: GPU) -> str:
    """What trains well and fast there: bf16 where CUDA has tensor cores for it, else fp16, else fp32."""
    known = gpu.peaks if device.name.startswith("cuda") else {}
    return next((precision for precision in ("bf16", "fp16") if precision in known), "fp32")


def cores() -> int:
    """Physical cores that this process may use: two threads of one core share its arithmetic units."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return min(physical, allowed)


def _torch_is_for_cpu() -> bool:
    """Whether the installed torch was built without GPUs; its version says so."""
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return True
