"""The GPU that a request names."""

from functools import lru_cache

from advisor.errors import InputError
from advisor.gpus import Devices, custom, named


@lru_cache(maxsize=1024)
def chosen(name: str | None, memory: int | None, fraction: str | None) -> Devices:
    """By name, or by its memory alone [bytes]. Raises InputError or UnknownError."""
    if name is None:
        if memory is None:
            raise InputError("gpu", expected="gpu or gpu_memory", got=None, nearest="local")
        if fraction is not None:
            raise InputError("gpu", expected="the GPU that fraction is of", got=None)
        return Devices(gpu=custom(memory))
    if memory is not None:
        raise InputError("gpu_memory", expected="either gpu or gpu_memory", got=f"gpu {name} too")
    return _as_measured(named(name, fraction))


def _as_measured(devices: Devices) -> Devices:
    """The same with the speed of a calibration, if it is a CPU."""
    if devices.gpu.kind != "cpu":
        return devices
    from advisor.timing.measured import as_measured

    return Devices(gpu=as_measured(devices.gpu), count=devices.count)
