"""Readings in the words that several answers share."""

from advisor.gpus import GPU
from advisor.ledger.readings import Range, Verdict
from advisor.units import format_bytes

TOOLS = {"amd": "amd-smi", "intel": "xpu-smi", "apple": "Activity Monitor"}  # by vendor


def range_text(r: Range) -> str:
    """A prediction and its interval."""
    return f"{format_bytes(r.bytes)} ({format_bytes(r.low)} to {format_bytes(r.high)})"


def held_texts(reserved: Range, device: Range, gpu: GPU | None) -> list[tuple[str, str]]:
    """What a process holds beyond tensors: the allocator's segments, and all of it as the device's own tool shows it.

    A CPU has neither segments nor a context: what Python, torch and its kernels take there is said to be as much.
    """
    if gpu is not None and gpu.kind == "cpu":
        return [("device", f"{range_text(device)} of RAM, with as much beside tensors as on a GPU")]
    return [
        ("reserved", f"{range_text(reserved)} by the caching allocator"),
        ("device", f"{range_text(device)} in {tool(gpu)}"),
    ]


def tool(gpu: GPU | None) -> str:
    """What shows the memory of a process on this device."""
    return TOOLS.get(gpu.vendor, "nvidia-smi") if gpu else "nvidia-smi"


def cache_text(per_token: int, beyond_window: int) -> str:
    """What generation keeps of each token: of those that no window leaves out, and of those that some do."""
    more = f", {format_bytes(beyond_window)} beyond the window" if beyond_window != per_token else ""
    return f"{format_bytes(per_token)} per token{more}"


def device_text(gpu: GPU, gpus: int | None) -> str:
    """What is trained on: a GPU, or several of one kind.

    >>> from advisor.gpus import find
    >>> device_text(find("H100 SXM"), 8)
    '8 x H100 SXM5'
    """
    return f"{gpus} x {gpu.name}" if gpus else gpu.name


def verdict_text(verdict: Verdict, gpu: GPU, gpus: int | None = None) -> str:
    """Whether it fits, by how much, and how surely."""
    word = "fits" if verdict.fits else "may not fit" if verdict.probability > 0.05 else "does not fit"
    room = verdict.headroom_bytes
    space = f"{format_bytes(room)} to spare" if room >= 0 else f"{format_bytes(-room)} too much"
    each = f" of each of the {gpus} GPUs" if gpus else ""
    return f"{word} in {format_bytes(gpu.memory_bytes)}{each}: {space}, P(fits) = {verdict.probability:.2f}"
