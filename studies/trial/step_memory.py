"""The memory that a real step takes at its peak [bytes]."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile


class Step(Protocol):
    """A training step that can be taken again and again."""

    def __call__(self) -> None:
        """Take it."""
        ...

    def live_tensors(self) -> list[Tensor]:
        """What lives before and after it."""
        ...


def cpu_peak(step: Step) -> int:
    """Of tensors, by the profiler's memory events. The step must have run once: the first makes the optimizer's states.

    How we differ from CUDA's counter: nothing is rounded.
    """
    storages = {t.untyped_storage()._cdata: t.untyped_storage().nbytes() for t in step.live_tensors()}
    with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    level = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            level += event.nbytes()
            peak = max(peak, level)
    return sum(storages.values()) + peak


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The profiler tells standard error, past Python, that it begins and ends."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def cuda_peaks(step: Step) -> tuple[int, int]:
    """(allocated, reserved), as torch.cuda counts them."""
    torch.cuda.reset_peak_memory_stats()
    step()
    return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()


def used_bytes() -> int | None:
    """Of the whole GPU, all processes and the driver's own, as nvidia-smi shows it; None where that is missing."""
    if shutil.which("nvidia-smi") is None:
        return None
    shown = subprocess.run(
        ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(shown.stdout.split()[0]) * 2**20
