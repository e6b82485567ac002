"""A calibration: micro-measurements of the device at hand, in a process of its own, as a profile."""

from collections.abc import Callable
from datetime import date
from importlib.metadata import version

from advisor.errors import DeviceError
from advisor.gpus import GPU
from advisor.timing.profile import Measurement, Profile
from studies.devices import device_of
from studies.executors.local import LocalExecutor
from studies.job import CalibrationJob, Measured, Outcome

SECONDS = 60.0  # for all repeats of all measurements; tensors and warm-ups come on top
LIMIT_SECONDS = 600.0  # a calibration that takes longer hangs
POLL_SECONDS = 0.1


def calibrate(name: str, gpu: GPU, on_row: Callable[[Measured], None], seconds: float = SECONDS) -> Profile:
    """Measures `gpu`, the device at hand; `on_row` hears of each row. Raises DeviceError if it cannot be measured.

    An exception gets out of here, Ctrl-C included, only when the measuring process is gone.
    """
    job = CalibrationJob(device=device_of(gpu), seconds=seconds)
    kind = job.device.name.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise DeviceError(f"calibrating: expected a CPU or an NVIDIA or AMD GPU, got {gpu.name}")
    return Profile(
        name=name,
        device=gpu.name,
        kind=kind,
        threads=job.device.threads,
        torch=version("torch"),
        measurements=_measured(job, on_row),
        source="advisor calibrate, on this machine",
        date=date.today().isoformat(),
    )


def _measured(job: CalibrationJob, on_row: Callable[[Measured], None]) -> tuple[Measurement, ...]:
    """The rows that the child process sends, all of them."""
    rows: list[Measurement] = []
    with LocalExecutor([job.device]) as executor:
        executor.submit(job, limit_seconds=LIMIT_SECONDS)
        while True:
            for _, message in executor.poll(POLL_SECONDS):
                if isinstance(message, Measured):
                    rows.append(message.row)
                    on_row(message)
                elif isinstance(message, Outcome):
                    if message.state != "COMPLETE":
                        raise DeviceError(f"the device could not be measured: {message.message}")
                    return tuple(rows)
