"""OFREP's change notices: an event stream that says when evaluations are to be fetched anew."""

from __future__ import annotations

import contextlib
import json
import time

from phasegate.server.bare import JSON, Header, Receive, Scope, Send, respond, while_heard
from phasegate.server.board import FlagBoard
from phasegate.server.following import evaluations, following
from phasegate.server.streams import State
from phasegate.server.tickets import lasts_s

KEEP_ALIVE_S = 20.0
INACTIVITY_S = 120
"""What clients are told: close the stream after so long in the background."""

MOST_LISTENERS = 10_000
"""Event streams of one server; one more is asked to come back later."""

RETRY_S = 30

HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


class Notices:
    """Serves change notices; whoever calls it has authenticated the request."""

    def __init__(
        self,
        board: FlagBoard,
        keep_alive_s: float = KEEP_ALIVE_S,
        most: int = MOST_LISTENERS,
    ) -> None:
        self._board = board
        self._keep_alive_s = keep_alive_s
        self._most = most
        self._listeners = 0

    async def serve(self, environment: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell what changes until the client goes, the server closes or the ticket ends."""
        if self._listeners >= self._most:
            await too_many(send, RETRY_S, f"{self._most} event streams are open already")
            return
        self._listeners += 1
        try:
            await self._tell(environment, scope, receive, send)
        finally:
            self._listeners -= 1

    async def _tell(self, environment: str, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        left = lasts_s(scope, time.time())
        await while_heard(self._write(environment, send), receive, left)
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, environment: str, send: Send) -> None:
        # The first notice closes the gap between a client's fetch and its hearing us.
        async with contextlib.aclosing(
            following(self._board, environment, self._keep_alive_s, evaluations)
        ) as changes:
            async for state in changes:
                body = b": still here\n\n" if state is None else _notice(state)
                await send({"type": "http.response.body", "body": body, "more_body": True})


def _notice(state: State) -> bytes:
    told = json.dumps({"type": "refetchEvaluation"}).encode()
    return b"event: message\nid: %d\ndata: %b\n\n" % (state.version, told)


async def too_many(send: Send, retry_s: int, text: str) -> None:
    """Answer 429 with the time to come back."""
    details = f"{text}; come back in {retry_s} s"
    body = json.dumps({"errorCode": "GENERAL", "errorDetails": details}).encode()
    retry = (b"retry-after", str(retry_s).encode())
    await respond(send, 429, body, [JSON, retry])
