"""What a service is told when it starts."""

from dataclasses import dataclass
from pathlib import Path

from advisor.errors import InputError
from studies.address import DEFAULT_STORE

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MAX_BODY = 2**20  # [bytes] of a request


@dataclass(frozen=True, kw_only=True)
class Config:
    """Where a service listens and what it may touch. Raises InputError for what cannot be used."""

    host: str = "127.0.0.1"
    port: int = 8765
    store: str = DEFAULT_STORE  # path of an SQLite file, or a database URL
    data_folder: Path = Path("data")  # the one folder that a study asked for over HTTP may read data from
    reports_folder: Path = Path("runs")
    studies_per_device: int = 1  # at a time; others wait
    requests_per_second: float = 400.0  # of one client
    names: tuple[str, ...] = ()  # by which browsers may call the service, beside localhost and IP addresses

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise InputError("--port", expected="a port from 0 (any that is free) to 65535", got=self.port)
        if not 1 <= self.studies_per_device <= 1000:
            raise InputError("--studies", expected="from 1 to 1000 studies at a time", got=self.studies_per_device)
        if not 0 < self.requests_per_second < 1e6:
            raise InputError("--rate", expected="requests per second above 0", got=self.requests_per_second)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in LOOPBACK
