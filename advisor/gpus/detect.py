"""The device at hand: an NVIDIA GPU as nvidia-smi tells it, an Apple GPU as sysctl tells it, else the CPU.

subprocess is imported where it is used: sizing for a GPU by name does not need it.
"""

import dataclasses
import itertools
import os
import sys
from datetime import date

from advisor.gpus.gpu import GPU
from advisor.gpus.lookup import exact, identify
from advisor.gpus.processor import cpu
from advisor.gpus.usable import usable
from advisor.units import GIB, MIB

TIMEOUT = 5.0  # [s]; nvidia-smi takes seconds where the driver is not kept loaded
# memory.total counts what the driver keeps for itself, memory.reserved; a process is offered the rest
SMI_FIELDS = "name,memory.total,memory.reserved"


def local() -> GPU:
    """The device that training on this machine would use: NVIDIA GPU, Apple GPU or CPU, in this order."""
    return nvidia() or (apple() if sys.platform == "darwin" else None) or cpu()


def nvidia() -> GPU | None:
    """The first NVIDIA GPU that CUDA_VISIBLE_DEVICES leaves visible; None without one, or without a working driver.

    MIG slices are not told apart: give their memory by hand.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if not visible or visible.startswith("-"):
        return None
    lines = _output("nvidia-smi", f"--id={visible}", f"--query-gpu={SMI_FIELDS}", "--format=csv,noheader,nounits")
    fields = [field.strip() for field in lines[0].rsplit(",", 2)] if lines else []
    return parse_smi(*fields) if len(fields) == 3 else None


def nvidia_count() -> int:
    """NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves visible."""
    installed = len(_output("nvidia-smi", "--query-gpu=index", "--format=csv,noheader"))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return installed
    named = itertools.takewhile(lambda name: name and not name.startswith("-"), map(str.strip, visible.split(",")))
    return min(installed, len(list(named)))


def parse_smi(name: str, total: str, reserved: str) -> GPU | None:
    """A GPU from nvidia-smi's name and memory [MiB]; None when it is unknown and its memory too.

    Where memory is shared with the CPU, nvidia-smi says "[N/A]": then the catalogue's row is taken as it is.
    """
    if not total.isdigit():
        return exact(name)
    total_bytes = int(total) * MIB
    memory = total_bytes - (int(reserved) * MIB if reserved.isdigit() else 0)
    source = "measured: nvidia-smi on this machine, memory.total - memory.reserved"
    row = identify(name, total_bytes)
    if row:
        return dataclasses.replace(row, memory_bytes=memory, memory_source=source)
    return _unlisted(name, "nvidia", memory, source, total_bytes)


def apple() -> GPU | None:
    """The GPU of an Apple chip; None on other machines."""
    lines = _output("sysctl", "-n", "machdep.cpu.brand_string", "hw.memsize")
    if len(lines) != 2 or not lines[0].startswith("Apple ") or not lines[1].isdigit():
        return None
    chip, total = lines[0], int(lines[1])
    row = identify(f"{chip} {total // GIB}GB", total)
    return row or _unlisted(chip, "apple", *usable("apple", total, "unified"), total)


def _unlisted(name: str, vendor: str, memory: int, source: str, nominal: int) -> GPU:
    return GPU(
        name=name,
        vendor=vendor,
        memory_bytes=memory,
        memory_source=source,
        nominal_memory_bytes=nominal,
        source="this machine; not in the catalogue",
        as_of=date.today().isoformat(),
    )


def _output(*command: str) -> list[str]:
    """The lines that a command prints; none when it is missing, fails or hangs."""
    import subprocess

    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []
    return done.stdout.strip().splitlines()
