"""The local device in the words of a job, found without importing torch."""

import os
from importlib.metadata import PackageNotFoundError, version

import psutil

from advisor.gpus import GPU
from studies.job import Device

KINDS = {"nvidia": "cuda", "amd": "cuda", "apple": "mps"}  # ROCm's devices are called cuda too


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
