"""The size of a request's body, refused before it is read whole."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.http.problem import problem

WORDS = "body: expected at most {limit} bytes, got {got}"


class BodyLimit:
    """ASGI: refuses a body that says it is longer than `limit` [bytes] unread, one that turns out to be as it comes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdigit() or int(said) > self.limit:
            refused = problem(413, WORDS.format(limit=self.limit, got=said[:20]), headers={"Connection": "close"})
            return await refused(scope, receive, send)
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.limit:
                raise HTTPException(413, WORDS.format(limit=self.limit, got="more"), {"Connection": "close"})
            return message

        await self.app(scope, counted, send)
