"""The device at hand, through real small programs put where nvidia-smi and sysctl would be."""

import sys
from pathlib import Path

import psutil
import pytest

from advisor.gpus import detect, find, local, processor
from advisor.gpus.detect import nvidia_count
from advisor.units import GIB, MIB


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def install(folder: Path, name: str, *script: str) -> Path:
    program = folder / name
    program.write_text("\n".join(("#!/bin/sh", *script, "")))
    program.chmod(0o755)
    return program


def test_an_nvidia_gpu_is_its_row_with_the_memory_that_a_process_gets(tools: Path) -> None:
    program = install(tools, "nvidia-smi", 'echo "$@" > "$0.arguments"', "echo 'NVIDIA GeForce RTX 4090, 24564, 347'")
    gpu = local()
    assert (gpu.name, gpu.kind, gpu.peaks) == ("RTX 4090", "gpu", find("RTX 4090").peaks)
    assert gpu.memory_bytes == (24564 - 347) * MIB
    assert gpu.memory_source.startswith("measured: nvidia-smi")
    assert Path(f"{program}.arguments").read_text().split() == [
        "--id=0",
        "--query-gpu=name,memory.total,memory.reserved",
        "--format=csv,noheader,nounits",
    ]


def test_an_nvidia_gpu_outside_the_catalogue_is_known_by_its_memory(tools: Path) -> None:
    install(tools, "nvidia-smi", "echo 'NVIDIA RTX 9999 Ultra, 65536, 512'")
    gpu = local()
    assert (gpu.name, gpu.vendor, gpu.peaks, gpu.bandwidth) == ("NVIDIA RTX 9999 Ultra", "nvidia", {}, None)
    assert gpu.memory_bytes == (65536 - 512) * MIB


def test_shared_memory_that_nvidia_smi_cannot_tell_is_taken_from_the_row(tools: Path) -> None:
    install(tools, "nvidia-smi", "echo 'NVIDIA GB10, [N/A], [N/A]'")
    assert local() == find("GB10")


def test_cuda_visible_devices_chooses_the_gpu(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-7f1e,0")
    install(
        tools,
        "nvidia-smi",
        'test "$1" = --id=GPU-7f1e || exit 6',
        "echo 'NVIDIA H100 80GB HBM3, 81559, 551'",
    )
    assert local().name == "H100 SXM5"


@pytest.mark.parametrize(
    ("visible", "count"), [(None, 3), ("0,2", 2), ("1", 1), ("0,-1,2", 1), ("", 0), ("0,1,2,7", 3)]
)
def test_gpus_are_counted(tools: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, count: int) -> None:
    install(tools, "nvidia-smi", "printf '0\\n1\\n2\\n'")
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert nvidia_count() == count


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_a_hidden_gpu_is_not_used(tools: Path, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    install(tools, "nvidia-smi", "echo 'NVIDIA GeForce RTX 4090, 24564, 347'")
    assert local().kind == "cpu"


@pytest.mark.parametrize(
    "script",
    [
        ["echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'", "exit 9"],
        ["echo 'No devices were found'"],
        ["echo 'a, b'"],
        ["exit 0"],
        ["printf '\\377\\376'"],
    ],
)
def test_a_tool_without_a_working_driver_means_no_gpu(tools: Path, script: list[str]) -> None:
    install(tools, "nvidia-smi", *script)
    assert local().kind == "cpu"


def test_a_tool_that_hangs_is_not_waited_for(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "TIMEOUT", 0.2)
    install(tools, "nvidia-smi", "exec /bin/sleep 60")
    assert detect.nvidia() is None


@pytest.mark.parametrize(
    ("memory", "name", "usable"),
    [(96 * GIB, "M3 Max 96GB", 72 * GIB), (16 * GIB, None, 16 * GIB * 2 // 3), (200 * GIB, None, 150 * GIB)],
)
def test_an_apple_chip_is_its_row_or_known_by_its_memory(
    tools: Path, monkeypatch: pytest.MonkeyPatch, memory: int, name: str | None, usable: int
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    install(tools, "sysctl", "echo 'Apple M3 Max'", f"echo {memory}")
    gpu = local()
    assert (gpu.name, gpu.vendor, gpu.kind) == (name or "Apple M3 Max", "apple", "gpu")
    assert gpu.memory_bytes == usable


def test_an_intel_mac_trains_on_its_cpu(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    install(tools, "sysctl", "echo 'Intel(R) Core(TM) i7-8750H CPU @ 2.20GHz'", f"echo {16 * GIB}")
    assert local().kind == "cpu"


@pytest.mark.usefixtures("tools")
class TestCPU:
    """Without any of those tools."""

    def test_it_has_memory_and_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(processor, "CGROUP_LIMITS", ())
        gpu = local()
        assert (gpu.kind, gpu.bandwidth) == ("cpu", None)
        assert gpu.memory_bytes == gpu.nominal_memory_bytes == psutil.virtual_memory().total
        assert gpu.compute_units is not None
        assert 1 <= gpu.compute_units <= (psutil.cpu_count() or 1)

    def test_its_name_is_that_of_cpuinfo(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text("processor\t: 0\nmodel name\t: AMD EPYC 7763: 64-Core\n")
        monkeypatch.setattr(processor, "CPUINFO", cpuinfo)
        assert local().name == "AMD EPYC 7763: 64-Core"

    @pytest.mark.parametrize(
        ("lines", "rate"),
        [
            (["vendor_id: GenuineIntel", "cpu family: 6", "flags: fpu avx fma avx512f", "cpu MHz: 2000.0"], 64),
            (["vendor_id: AuthenticAMD", "cpu family: 25", "flags: fpu avx fma avx512f", "cpu MHz: 2000.0"], 32),
            (["vendor_id: AuthenticAMD", "cpu family: 26", "flags: fpu avx fma avx512f", "cpu MHz: 2000.0"], 64),
            (["flags: fpu sse2 avx fma", "cpu MHz: 2000.0"], 32),
            (["Features: fp asimd", "cpu MHz: 2000.0"], 16),
            (["flags: fpu sse2 avx fma"], None),
            (["flags: fpu", "cpu MHz: 2000.0"], None),
            (["flags: avx", "cpu MHz: unknown"], None),
        ],
    )
    def test_its_peak_is_cores_times_clock_times_width(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], rate: int | None
    ) -> None:
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text("\n".join(lines))
        monkeypatch.setattr(processor, "CPUINFO", cpuinfo)
        monkeypatch.setattr(processor, "LARGEST_CLOCK", tmp_path / "missing")
        gpu = local()
        assert gpu.peaks == ({"fp32": (gpu.compute_units or 0) * 2e9 * rate} if rate else {})
        assert gpu.peaks_source.startswith("derived: " if rate else "")

    def test_its_clock_and_largest_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "clock").write_text("3500000\n")
        for index, size in enumerate(("32K", "1024K", "32768K", "odd")):
            (tmp_path / f"index{index}").mkdir()
            (tmp_path / f"index{index}" / "size").write_text(f"{size}\n")
        monkeypatch.setattr(processor, "LARGEST_CLOCK", tmp_path / "clock")
        monkeypatch.setattr(processor, "CACHES", tmp_path)
        assert (local().boost_hz, local().l2_bytes) == (3.5e9, 32 * MIB)

    def test_it_has_a_name_without_cpuinfo(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(processor, "CPUINFO", tmp_path / "missing")
        assert local().name

    @pytest.mark.parametrize(("limit", "counts"), [(str(256 * MIB), True), ("max", False), (str(2**63 - 4096), False)])
    def test_the_limit_of_a_container_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, counts: bool
    ) -> None:
        file = tmp_path / "memory.max"
        file.write_text(f"{limit}\n")
        monkeypatch.setattr(processor, "CGROUP_LIMITS", (file, tmp_path / "missing"))
        gpu = local()
        assert gpu.memory_bytes == (256 * MIB if counts else gpu.nominal_memory_bytes)
        assert ("control group" in gpu.memory_source) is counts
