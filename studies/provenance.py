"""Where a study's numbers come from."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

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
        data=data.read(settings.data, settings.tokenizer).facts,
        seed=settings.seed,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
