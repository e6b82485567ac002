"""The lease of a study: one process runs it, and a dead one does not block the next."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from advisor.errors import ConflictError
from studies.store.tables import leases

START_TOLERANCE = 2.0  # psutil derives the start from the boot time, which moves when the clock is set [s]
ATTEMPTS = 3  # against others who take over the same dead lease


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process, told apart from a later one with the same id."""

    host: str
    boot_id: str
    pid: int
    started: float  # [s since the epoch]

    @classmethod
    def here(cls) -> "Holder":
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> "Holder":
        """A process of this host that lives, or has not been waited for."""
        started = psutil.Process(pid).create_time()
        return cls(host=socket.gethostname(), boot_id=_boot_id(), pid=pid, started=started)

    @property
    def is_here(self) -> bool:
        """Whether it runs, or ran, on this host."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs. That of another host is taken to be: it cannot be looked at from here."""
        if not self.is_here:
            return True
        try:
            process = psutil.Process(self.pid)
            started = process.create_time()
            if process.status() == psutil.STATUS_ZOMBIE:  # has ended; its parent has not looked yet
                return False
        except psutil.NoSuchProcess:
            return False
        return self.boot_id == _boot_id() and abs(started - self.started) < START_TOLERANCE


@contextmanager
def held(engine: Engine, study_id: int, name: str) -> Iterator[None]:
    """Hold the lease of a study. Raises ConflictError while a living process has it."""
    mine = Holder.here()
    take(engine, study_id, name, mine)
    try:
        yield
    finally:
        drop(engine, study_id, mine)


def take(engine: Engine, study_id: int, name: str, mine: Holder) -> None:
    """Write the lease; one of a dead process is removed first."""
    for _ in range(ATTEMPTS):
        try:
            with engine.begin() as connection:
                connection.execute(leases.insert().values(study_id=study_id, **asdict(mine)))
            return
        except IntegrityError:
            other = holder(engine, study_id)
            if other is not None and other.is_alive:
                break
            if other is not None:
                drop(engine, study_id, other)
    whom = f"process {other.pid} on {other.host}" if other else "another process"
    raise ConflictError(f"study {name!r} is being run by {whom}")


def drop(engine: Engine, study_id: int, whose: Holder) -> None:
    """Remove the lease if it is still that process's."""
    same = [leases.c[column] == value for column, value in asdict(whose).items()]
    with engine.begin() as connection:
        connection.execute(leases.delete().where(leases.c.study_id == study_id, *same))


def holder(engine: Engine, study_id: int) -> Holder | None:
    """Who holds the lease of a study, dead or alive."""
    columns = [leases.c[column] for column in Holder.__dataclass_fields__]
    with engine.connect() as connection:
        row = connection.execute(sa.select(*columns).where(leases.c.study_id == study_id)).one_or_none()
    return None if row is None else Holder(**row._asdict())


def _boot_id() -> str:
    """Changes with each boot of the machine."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"
