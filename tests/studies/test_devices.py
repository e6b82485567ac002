"""The local device in the words of a job, and where a study's numbers come from."""

import dataclasses
import os
from pathlib import Path

import psutil
import pytest

from advisor import gpus
from advisor.errors import InputError
from studies import devices
from studies.job import Device
from studies.provenance import provenance
from tests.studies.examples import CPU, settings

CPU_DEVICE = dataclasses.replace(gpus.find("RTX 4090"), kind="cpu", vendor="")


@pytest.mark.parametrize(
    ("torch_version", "vendor", "name"),
    [
        ("2.13.0", "nvidia", "cuda:0"),
        ("2.13.0+cu130", "nvidia", "cuda:0"),
        ("2.13.0+rocm7.0", "amd", "cuda:0"),
        ("2.13.0", "apple", "mps"),
        ("2.13.0", "intel", "cpu"),
        ("2.13.0+cpu", "nvidia", "cpu"),  # a GPU that this torch cannot use
    ],
)
def test_the_device_is_one_that_torch_can_use(
    monkeypatch: pytest.MonkeyPatch, torch_version: str, vendor: str, name: str
) -> None:
    monkeypatch.setattr(devices, "version", lambda package: torch_version)
    gpu = dataclasses.replace(gpus.find("RTX 4090"), vendor=vendor)
    assert devices.device_of(gpu).name == name
    assert devices.device_of(CPU_DEVICE).name == "cpu"


def test_threads_are_the_cores_that_may_be_used() -> None:
    assert 1 <= devices.cores() <= (psutil.cpu_count(logical=False) or 1)
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {next(iter(allowed))})
        assert devices.cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_provenance_names_versions_device_and_data(tmp_path: Path) -> None:
    found = provenance(settings(tmp_path, seed=5, command="advisor tune --seed 5"), CPU_DEVICE)
    assert found.versions["torch"].startswith("2.")
    assert set(found.versions) == {"python", "transformer-advisor", "torch", "optuna", "numpy", "sqlalchemy"}
    assert (found.device["kind"], found.device["threads"], found.device["name"]) == ("cpu", "1", "RTX 4090")
    assert len(found.data["sha256"]) == 64
    assert (found.seed, found.command) == (5, "advisor tune --seed 5")


@pytest.mark.parametrize(
    ("gpu", "device", "precision"),
    [
        ("RTX 4090", "cuda:0", "bf16"),
        ("Tesla V100 SXM2 16GB", "cuda:0", "fp16"),
        ("GTX 1080 Ti", "cuda:0", "fp32"),
        ("RTX 4090", "cpu", "fp32"),
    ],
)
def test_the_precision_is_what_the_device_is_good_at(gpu: str, device: str, precision: str) -> None:
    assert devices.precision_of(Device(name=device), gpus.find(gpu)) == precision


def test_slots_of_the_cpu_are_single_threads() -> None:
    assert devices.slots("cpu", 1, ["cpu"]) == devices.slots(None, None, ["cpu"]) == (CPU,)
    assert devices.local_slots(CPU_DEVICE) == (CPU,) * devices.cores()


def test_devices_are_named() -> None:
    found = devices.slots("cuda:1, cuda:0", None, ["cuda:0", "cuda:1", "cpu"])
    assert [device.name for device in found] == ["cuda:1", "cuda:0"]
    assert devices.slots(None, None, ["cuda:0", "cuda:1", "cpu"])[0].name == "cuda:0"


@pytest.mark.parametrize(
    ("names", "workers", "words"),
    [
        ("cuda:2", None, "--devices: expected some of this machine's cuda:0, cuda:1, cpu, got 'cuda:2'"),
        ("cpu,", None, "--devices"),
        ("cuda:0", 2, "--workers: expected --devices cpu, whose cores they are, got 'devices cuda:0'"),
        (None, 2, "--workers: expected --devices cpu"),
        ("cpu", 0, "--workers: expected 1 to"),
        ("cpu", 10**6, "the cores at hand, got 1000000"),
    ],
)
def test_slots_that_are_not_there_are_refused(names: str | None, workers: int | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        devices.slots(names, workers, ["cuda:0", "cuda:1", "cpu"])


def test_all_gpus_that_torch_can_use_are_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "version", lambda package: "2.13.0+cu130")
    monkeypatch.setattr(devices, "nvidia_count", lambda: 2)
    assert devices.available(gpus.find("RTX 4090")) == ["cuda:0", "cuda:1", "cpu"]
    assert devices.available(CPU_DEVICE) == ["cpu"]
