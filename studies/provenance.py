"""Where a study's numbers come from."""

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from advisor.gpus import GPU
from studies import data
from studies.records import Provenance
from studies.settings import Settings

PACKAGES = ("transformer-advisor", "torch", "optuna", "numpy", "sqlalchemy")


def provenance(settings: Settings, gpu: GPU) -> Provenance:
    """Of a study that begins now, its devices all being like `gpu`. Raises InputError for data that cannot be read."""
    return Provenance(
        command=settings.command,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        versions={"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        device={
            "name": gpu.name,
            "kind": settings.devices[0].name.split(":")[0],
            "memory": f"{gpu.memory_bytes}",
            "threads": f"{settings.devices[0].threads}",
            "trials at a time": f"{len(settings.devices)}",
        },
        data=_data(settings),
        seed=settings.seed,
    )


def _data(settings: Settings) -> dict[str, str]:
    """Of the data; of an objective, which has its own, its file."""
    if not settings.objective:
        return data.read(settings.data, settings.tokenizer).facts
    file = Path(settings.objective.rpartition(":")[0])
    return {"name": settings.objective, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
