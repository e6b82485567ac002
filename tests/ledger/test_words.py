"""Memory is said in the words of the device."""

import pytest

from advisor.gpus import catalogue
from advisor.gpus.processor import cpu
from advisor.ledger.readings import Range
from advisor.ledger.words import held_texts

RANGE = Range(bytes=2**30, low=2**29, high=2**31)


@pytest.mark.parametrize(("vendor", "tool"), [("nvidia", "nvidia-smi"), ("amd", "amd-smi"), ("apple", "Activity")])
def test_a_gpu_has_an_allocator_and_a_tool(vendor: str, tool: str) -> None:
    gpu = next(gpu for gpu in catalogue() if gpu.vendor == vendor)
    (reserved, said), (device, shown) = held_texts(RANGE, RANGE, gpu)
    assert (reserved, device) == ("reserved", "device")
    assert "caching allocator" in said
    assert tool in shown


def test_a_cpu_has_neither() -> None:
    ((label, text),) = held_texts(RANGE, RANGE, cpu())
    assert label == "device"
    assert "of RAM" in text
    assert "smi" not in text
