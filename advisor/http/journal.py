"""Structured logs, a line of JSON per event; and what no request may end in: a traceback that travels."""

import json
import logging
import sys
import time
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.http.guard import HEADERS
from advisor.http.metrics import Metrics
from advisor.http.problem import Page, is_person, problem

log = logging.getLogger("advisor.http")
UNFORESEEN = "an error of this program: its log says more"
CUT_OFF = 499  # the client went away before it was answered, as nginx has it


class Lines(logging.Formatter):
    """One record as one line of JSON. What a client sent is escaped: no terminal obeys it."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": when, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def to_stderr() -> None:
    """Sends our events and uvicorn's to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    for name in ("advisor", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO)


class Journal:
    """ASGI: one event per request, without its query, its headers and its body, where secrets might be."""

    def __init__(self, app: ASGIApp, metrics: Metrics, page: Page) -> None:
        self.app, self.metrics, self.page = app, metrics, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("unforeseen error")
            if not status:
                await self._apology(Request(scope))(scope, receive, watched)
        finally:
            self._note(scope, status or CUT_OFF, time.perf_counter() - began)

    def _apology(self, request: Request) -> Response:
        """With the guard's headers, which is further inside."""
        if is_person(request):
            return self.page(500, UNFORESEEN, HEADERS)
        return problem(500, UNFORESEEN, headers=HEADERS)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self.metrics.saw(scope["method"], route, status, seconds)
        client = (scope.get("client") or ("",))[0]
        facts = {"method": scope["method"], "path": scope["path"], "status": status, "client": client}
        log.info("request", extra={"facts": facts | {"seconds": round(seconds, 6)}})
