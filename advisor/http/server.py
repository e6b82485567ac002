"""Runs the service: uvicorn on one socket, until Ctrl-C or SIGTERM."""

import contextlib
import socket
from collections.abc import Callable

import uvicorn

from advisor.errors import DeviceError, InputError
from advisor.http import journal
from advisor.http.app import create_app
from advisor.http.config import Config
from advisor.http.tokens import Tokens

SHUTDOWN_SECONDS = 5  # for requests that are under way
MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 20


def serve(config: Config, announce: Callable[[str], None]) -> None:
    """Listen and answer. `announce` gets the URL once the socket listens.

    Raises DeviceError when it cannot, InputError for an address that others reach while there is no token.
    """
    journal.to_stderr()
    app = create_app(config)
    _check_reach(config, app.state.service.door.tokens)
    listening = _listen(config)
    host, port = listening.getsockname()[:2]
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a service ends
        server.run(sockets=[listening])


def _check_reach(config: Config, tokens: Tokens) -> None:
    if not config.is_local and not tokens.all():
        raise InputError(
            "--host", expected="a token first (advisor token new NAME)", got=config.host, nearest="127.0.0.1"
        )


def _listen(config: Config) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        raise DeviceError(f"cannot listen on {config.host}:{config.port}: {error.strerror or error}") from error
