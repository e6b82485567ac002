"""Runs the service: uvicorn on one socket, until Ctrl-C or SIGTERM."""

import socket
from collections.abc import Callable

import uvicorn

from advisor.errors import DeviceError
from advisor.http.app import create_app
from advisor.http.config import Config

SHUTDOWN_SECONDS = 5  # for requests that are under way
MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 20


def serve(config: Config, announce: Callable[[str], None]) -> None:
    """Listen and answer. `announce` gets the URL once the socket listens. Raises DeviceError when it cannot."""
    listening = _listen(config)
    host, port = listening.getsockname()[:2]
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    uvicorn.Server(
        uvicorn.Config(
            create_app(config), log_config=None, access_log=False, server_header=False, proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    ).run(sockets=[listening])  # fmt: skip


def _listen(config: Config) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        raise DeviceError(f"cannot listen on {config.host}:{config.port}: {error.strerror or error}") from error
