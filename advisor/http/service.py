"""What the operations of one service share."""

from typing import Any, cast

from cachetools import TTLCache
from fastapi import Request
from starlette.responses import Response

from advisor.http import plain, problem
from advisor.http.config import Config
from advisor.http.door import Doorkeeper
from advisor.http.lane import Answer, Lane
from advisor.http.launcher import Launcher
from advisor.http.metrics import Metrics
from advisor.http.tokens import Tokens
from studies.store import open_store

SIZING_SECONDS, PROPOSING_SECONDS, WRITING_SECONDS = 10.0, 60.0, 120.0  # one answer may take
KEPT, KEPT_SECONDS = 4096, 60.0  # answers; a calibration or a verification may change them


class Service:
    """The configuration, the store, a desk per kind of question."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.store = open_store(config.store, create=True)
        self.door = Doorkeeper(Tokens(self.store), is_local=config.is_local)
        self.metrics = Metrics()
        self.launcher = Launcher(self.store, config.reports_folder / "logs", config.studies_per_device)
        self.sizing = Desk(Lane(SIZING_SECONDS))
        self.proposing = Desk(Lane(PROPOSING_SECONDS))
        self.writing = Lane(WRITING_SECONDS)

    def close(self) -> None:
        """End the processes that compute, close the store."""
        for lane in (self.sizing.lane, self.proposing.lane, self.writing):
            lane.close()
        self.store.close()


class Desk:
    """Questions of one lane, whose answers are kept for those who ask the same again."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._kept: TTLCache[str, Answer] = TTLCache(KEPT, KEPT_SECONDS)

    async def answer(self, question: Any, body: Any) -> Response:
        """The response to a question about a body."""
        key = f"{question.__name__} {body.model_dump_json()}"
        answer = self._kept.get(key)
        if answer is None:
            answer = self._kept[key] = await self.lane.ask(question, body)
        status, content = answer
        return Response(content, status, media_type=plain.MEDIA_TYPE if status == 200 else problem.MEDIA_TYPE)


async def service(request: Request) -> Service:
    """The service that the request came to. A coroutine, because FastAPI hands a plain function to a thread."""
    return cast(Service, request.app.state.service)
