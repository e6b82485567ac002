"""Every row is plausible by physics, and the rows that matter equal figures typed in from data sheets."""

import dataclasses
import json
import subprocess
import sys
from datetime import date

import pytest

from advisor.errors import InputError
from advisor.gpus import GPU, catalogue, custom, find
from advisor.gpus.gpu import DTYPES
from advisor.gpus.table import DATA
from advisor.gpus.usable import usable
from advisor.units import GB, GIB, TERA

ROWS = catalogue()
DISCRETE = [gpu for gpu in ROWS if gpu.memory_type != "unified"]
BY_NAME = pytest.mark.parametrize("gpu", ROWS, ids=lambda gpu: gpu.name)

# FLOPs per clock and unit (SM, CU, Xe-core), dense, fp32 accumulation, from the architectures' white papers.
# "half": GeForce, and the few others whose tensor cores accumulate in fp32 at half rate.
RATES: dict[str, dict[str, float]] = {
    "Pascal": {"fp32": 256},
    "Volta": {"fp32": 128, "fp16": 1024},
    "Turing": {"fp32": 128, "fp16": 1024},
    "Turing half": {"fp32": 128, "fp16": 512},
    "Ampere": {"fp32": 256, "tf32": 512, "fp16": 1024, "bf16": 1024},
    "Ampere half": {"fp32": 256, "tf32": 256, "fp16": 512, "bf16": 512},
    "Ampere GA100": {"fp32": 128, "tf32": 1024, "fp16": 2048, "bf16": 2048},
    "Ada": {"fp32": 256, "tf32": 512, "fp16": 1024, "bf16": 1024, "fp8": 2048},
    "Ada half": {"fp32": 256, "tf32": 256, "fp16": 512, "bf16": 512, "fp8": 1024},
    "Hopper": {"fp32": 256, "tf32": 2048, "fp16": 4096, "bf16": 4096, "fp8": 8192},
    "Blackwell": {"fp32": 256, "tf32": 512, "fp16": 1024, "bf16": 1024, "fp8": 2048},
    "Blackwell half": {"fp32": 256, "tf32": 256, "fp16": 512, "bf16": 512, "fp8": 1024},
    "CDNA": {"fp32": 256, "fp16": 1024, "bf16": 512},
    "CDNA2": {"fp32": 256, "fp16": 1024, "bf16": 1024},
    "CDNA3": {"fp32": 256, "tf32": 1024, "fp16": 2048, "bf16": 2048, "fp8": 4096},
    "CDNA4": {"fp32": 256, "fp16": 4096, "bf16": 4096, "fp8": 8192},
    "RDNA2": {"fp32": 128, "fp16": 256},
    "RDNA3": {"fp32": 256, "fp16": 512, "bf16": 512},
    "RDNA4": {"fp32": 256, "fp16": 1024, "bf16": 1024, "fp8": 2048},
    "Xe-HPG": {"fp32": 256, "fp16": 2048, "bf16": 2048},
    "Xe2": {"fp32": 256, "fp16": 2048, "bf16": 2048},
    "Xe-HPC": {"fp32": 256, "tf32": 2048, "fp16": 4096, "bf16": 4096},
}
HALF_RATE = ("A10G", "L40")


def rates(gpu: GPU) -> dict[str, float]:
    if gpu.name.startswith("P100"):
        return {"fp32": 128}
    if gpu.name.startswith(("A100", "A800", "A30")):
        return RATES["Ampere GA100"]
    half = gpu.architecture != "Pascal" and ("GeForce" in gpu.brand or gpu.name in HALF_RATE)
    return RATES[gpu.architecture + (" half" if half else "")]


def test_there_are_enough_and_each_has_its_own_name() -> None:
    assert len(ROWS) >= 80
    assert len({gpu.name for gpu in ROWS}) == len(ROWS)


@BY_NAME
def test_a_row_is_dated_and_sourced(gpu: GPU) -> None:
    assert date.fromisoformat(gpu.as_of).isoformat() <= DATA.stem.removeprefix("gpus-")
    assert gpu.source
    assert gpu.memory_source.startswith(("measured: ", "rule: "))
    assert gpu.released is not None
    assert 2016 <= gpu.released <= date.fromisoformat(gpu.as_of).year


@BY_NAME
def test_a_row_can_be_printed_as_json(gpu: GPU) -> None:
    assert json.loads(json.dumps(dataclasses.asdict(gpu)))["memory_bytes"] == gpu.memory_bytes


@BY_NAME
def test_usable_memory_lies_a_little_below_nominal(gpu: GPU) -> None:
    lowest = 2 / 3 if gpu.memory_type == "unified" else 0.88
    assert lowest - 1e-9 <= gpu.memory_bytes / gpu.nominal_memory_bytes < 1


@pytest.mark.parametrize(
    "gpu", [gpu for gpu in DISCRETE if gpu.memory_source.startswith("measured")], ids=lambda gpu: gpu.name
)
def test_the_rule_promises_no_more_than_was_measured(gpu: GPU) -> None:
    assert usable(gpu.vendor, gpu.nominal_memory_bytes, gpu.memory_type)[0] <= gpu.memory_bytes


@BY_NAME
def test_memory_can_be_read_once_in_a_sane_time(gpu: GPU) -> None:
    assert gpu.bandwidth is not None
    longest = 0.75 if gpu.memory_type == "unified" else 0.1  # [s]
    assert 0.012 < gpu.nominal_memory_bytes / gpu.bandwidth < longest


@BY_NAME
def test_peaks_stand_in_the_ratios_of_their_widths(gpu: GPU) -> None:
    peaks = gpu.peaks
    assert set(peaks) <= set(DTYPES)
    assert peaks.get("bf16", peaks.get("fp32", 0)) >= peaks.get("fp32", 0)
    if "bf16" in peaks and gpu.architecture != "CDNA":
        assert peaks["bf16"] == peaks["fp16"]
    if "tf32" in peaks:
        assert peaks["tf32"] == pytest.approx(peaks["bf16"] / 2, rel=0.02)
    if "fp8" in peaks:
        assert peaks["fp8"] == pytest.approx(2 * peaks["bf16"], rel=0.02)


@pytest.mark.parametrize("gpu", [gpu for gpu in ROWS if gpu.boost_hz and gpu.peaks], ids=lambda gpu: gpu.name)
def test_peaks_are_units_times_clock_times_the_rate_of_the_architecture(gpu: GPU) -> None:
    """A figure with sparsity, or one that accumulates in fp16, is off by a factor of two and fails here."""
    assert gpu.compute_units
    assert gpu.boost_hz
    lowest = 0.85 if gpu.architecture == "Hopper" else 0.98  # Hopper's tensor cores run below the boost clock
    for dtype, peak in gpu.peaks.items():
        assert lowest <= peak / (rates(gpu)[dtype] * gpu.compute_units * gpu.boost_hz) <= 1.015, dtype


@pytest.mark.parametrize("gpu", [g for g in ROWS if g.tdp_watts and "bf16" in g.peaks], ids=lambda gpu: gpu.name)
def test_work_per_joule_is_sane(gpu: GPU) -> None:
    assert gpu.tdp_watts
    assert 0.1 < gpu.peaks["bf16"] / gpu.tdp_watts / TERA < 2.6


# Dense figures as the sources print them; where a source prints sparsity only, the division is written out.
@pytest.mark.parametrize(
    ("name", "dtype", "tflops"),
    [
        ("GTX 1080 Ti", "fp32", 11.3),  # GeForce GTX 1080 Ti specifications
        ("V100 SXM2 16GB", "fp16", 125),  # V100 data sheet
        ("T4", "fp16", 65),  # T4 data sheet
        ("RTX 2080 Ti", "fp16", 107.6 / 2),  # Turing white paper: 107.6 with fp16, 53.8 with fp32 accumulation
        ("RTX 3090", "fp16", 71),  # GA102 white paper, table 2: fp16 with fp32 accumulate
        ("RTX A6000", "bf16", 309.7 / 2),  # RTX A6000 data sheet, with sparsity
        ("A10", "bf16", 125),  # A10 data sheet
        ("A40", "bf16", 149.7),  # A40 data sheet
        ("A100 SXM4 80GB", "tf32", 156),  # A100 data sheet
        ("A100 SXM4 80GB", "bf16", 312),
        ("RTX 4090", "fp16", 165.2),  # Ada white paper, table 2: fp16 with fp32 accumulate
        ("RTX 4090", "fp8", 330.3),
        ("RTX 6000 Ada", "fp8", 1457 / 2),  # RTX 6000 Ada data sheet, fp8 with sparsity
        ("L4", "bf16", 242 / 2),  # L4 data sheet, with sparsity
        ("L40", "bf16", 181.05),  # L40 data sheet
        ("L40S", "fp8", 733),  # L40S data sheet
        ("H100 SXM5", "bf16", 989.4),  # H100 white paper, table 2
        ("H100 SXM5", "fp8", 1978.9),
        ("H100 PCIe", "bf16", 1513 / 2),  # H100 data sheet, with sparsity
        ("H200 NVL", "bf16", 1671 / 2),  # H200 data sheet, with sparsity
        ("B200", "bf16", 36_000 / 8 / 2),  # HGX B200: 36 PFLOPS, 8 GPUs, with sparsity
        ("GB200", "bf16", 360_000 / 72 / 2),  # GB200 NVL72: 360 PFLOPS, 72 GPUs, with sparsity
        ("RTX 5090", "bf16", 209.5),  # Blackwell white paper: bf16 with fp32 accumulate
        ("RTX 5090", "fp8", 419),
        ("MI100", "bf16", 92.3),  # Instinct data sheets
        ("MI250X", "bf16", 383 / 2),  # two GCDs
        ("MI250X", "fp32", 95.7 / 2),
        ("MI300X", "bf16", 1307.4),
        ("MI355X", "fp8", 5033.2),
        ("RX 7900 XTX", "fp16", 122.8),  # amd.com: peak half precision
        ("RX 9070 XT", "fp16", 195),  # amd.com: peak half precision matrix, without sparsity
        ("Arc B580", "fp16", 233 / 2),  # intel.com: 233 int8 TOPS
        ("Max 1550", "bf16", 839 / 2),  # two stacks
    ],
)
def test_peaks_equal_the_data_sheets(name: str, dtype: str, tflops: float) -> None:
    assert find(name).peaks[dtype] / TERA == pytest.approx(tflops, rel=0.01)


@pytest.mark.parametrize(
    ("name", "bus_bits", "gbit_per_pin"),
    [
        ("GTX 1080 Ti", 352, 11),
        ("P100 SXM2 16GB", 4096, 1.43),
        ("V100 SXM2 32GB", 4096, 1.755),
        ("T4", 256, 10),
        ("RTX 2080 Ti", 352, 14),
        ("A100 SXM4 80GB", 5120, 3.186),
        ("RTX 3090", 384, 19.5),
        ("A10", 384, 12.5),
        ("RTX 4090", 384, 21),
        ("RTX 4060", 128, 17),
        ("RTX 4090 Laptop", 256, 18),
        ("L40S", 384, 18),
        ("H100 SXM5", 5120, 5.24),
        ("H200 SXM", 6144, 6.25),
        ("RTX 5090", 512, 28),
        ("RTX PRO 6000", 512, 28),
        ("MI300X", 8192, 5.2),
        ("MI325X", 8192, 5.86),
        ("RX 7900 XTX", 384, 20),
        ("Arc B580", 192, 19),
    ],
)
def test_bandwidth_is_bus_width_times_data_rate(name: str, bus_bits: int, gbit_per_pin: float) -> None:
    assert find(name).bandwidth == pytest.approx(bus_bits * gbit_per_pin / 8 * GB, rel=0.01)


def test_one_of_two_dies_is_what_a_process_sees() -> None:
    assert find("MI250X").nominal_memory_bytes == find("Max 1550").nominal_memory_bytes == 64 * GIB
    assert "half of the card" in find("MI250X").note


def test_pascal_has_no_key_for_fp16() -> None:
    assert set(find("P100 SXM2 16GB").peaks) == set(find("GTX 1080").peaks) == {"fp32"}


def test_a_custom_gpu_knows_its_memory_and_nothing_else() -> None:
    gpu = custom(14 * GIB)
    assert (gpu.memory_bytes, gpu.peaks, gpu.bandwidth) == (14 * GIB, {}, None)


@pytest.mark.parametrize("memory", [0, -1, True, 2**63, 1.5])
def test_a_custom_gpu_refuses_impossible_memory(memory: int) -> None:
    with pytest.raises(InputError, match="GPU memory: expected a whole number of bytes"):
        custom(memory)


def test_a_look_up_imports_nothing_heavy() -> None:
    code = "import sys, advisor.gpus as g; g.find('4090'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "psutil", "pandas", "subprocess", "platform"} & set(done.stdout.split())
