"""flagd.evaluation.v1 as Connect speaks it over plain HTTP: all that flagd's web provider uses.

POST ResolveAll    every flag for a context
POST EventStream   `provider_ready` at once, `configuration_change` whenever something changes
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec

from phasegate.flags.resolution import Resolution
from phasegate.server.bare import (
    JSON,
    Disconnected,
    Header,
    Receive,
    Scope,
    Send,
    TooLarge,
    read_body,
    respond,
    while_heard,
)
from phasegate.server.board import FlagBoard
from phasegate.server.following import evaluations, following
from phasegate.server.selector import BadSelector, selected

PREFIX = "/flagd.evaluation.v1.Service/"

BODY_LIMIT = 64 * 1024
KEEP_ALIVE_S = 20.0

_STREAM: Header = (b"content-type", b"application/connect+json")
_LAST = 2
"""Mark of the envelope that ends a stream."""


class FlagdWeb:
    """The ASGI callable; whoever calls it has authenticated already."""

    def __init__(
        self,
        board: FlagBoard,
        default_environment: str | None,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._board = board
        self._default = default_environment
        self._keep_alive_s = keep_alive_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            environment = selected(scope, self._default)
            match scope["method"], scope["path"].removeprefix(PREFIX):
                case "POST", "ResolveAll":
                    await self._resolve_all(environment, scope, receive, send)
                case "POST", "EventStream":
                    await self._events(environment, scope, receive, send)
                case _:
                    text = "ResolveAll and EventStream are served here, by POST"
                    await _refuse(send, 404, "unimplemented", text)
        except BadSelector as bad:
            await _refuse(send, 400, "invalid_argument", str(bad))
        except TooLarge:
            text = f"a request has at most {BODY_LIMIT} bytes"
            await _refuse(send, 413, "resource_exhausted", text)
        except Disconnected:
            return

    async def _resolve_all(
        self, environment: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        context = _context(await read_body(scope, receive, BODY_LIMIT))
        if context is None:
            await _refuse(send, 400, "invalid_argument", "a request is {context: object}")
            return
        published = self._board.current(environment)
        if published is None:
            await _refuse(send, 404, "not_found", f"nothing is published for {environment!r}")
            return
        given = context.pop("targetingKey", None)
        subject = given if isinstance(given, str) else None
        evaluate = published.leased.evaluate
        outcomes = {key: evaluate(key, subject, context) for key in sorted(published.flags.keys)}
        flags = {key: _flag(outcome) for key, outcome in outcomes.items() if outcome.variant}
        whole = {"flags": flags, "metadata": dict(published.flags.metadata)}
        await respond(send, 200, msgspec.json.encode(whole), [JSON])

    async def _events(self, environment: str, scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(scope, receive, BODY_LIMIT)
        await send({"type": "http.response.start", "status": 200, "headers": [_STREAM]})
        await while_heard(self._tell(environment, send), receive)
        await send({"type": "http.response.body", "body": _envelope({}, _LAST)})

    async def _tell(self, environment: str, send: Send) -> None:
        kind = "provider_ready"
        async with contextlib.aclosing(
            following(self._board, environment, self._keep_alive_s, evaluations)
        ) as changes:
            async for state in changes:
                event = {"type": kind if state else "keep_alive"}
                body = _envelope(event)
                await send({"type": "http.response.body", "body": body, "more_body": True})
                kind = "configuration_change"


def _context(body: bytes) -> dict[str, object] | None:
    try:
        asked = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError):
        return None
    context = asked.get("context", {}) if isinstance(asked, dict) else None
    return context if isinstance(context, dict) else None


def _flag(outcome: Resolution) -> dict[str, object]:
    told: dict[str, object] = {"reason": outcome.reason, "variant": outcome.variant}
    told[_field(outcome.value)] = outcome.value
    return told | {"metadata": dict(outcome.metadata)}


def _field(value: object) -> str:
    if isinstance(value, bool):
        return "boolValue"
    if isinstance(value, str):
        return "stringValue"
    return "doubleValue" if isinstance(value, int | float) else "objectValue"


def _envelope(message: Mapping[str, object], mark: int = 0) -> bytes:
    body = msgspec.json.encode(message)
    return bytes([mark]) + len(body).to_bytes(4, "big") + body


async def _refuse(send: Send, status: int, code: str, text: str) -> None:
    body = msgspec.json.encode({"code": code, "message": text})
    await respond(send, status, body, [JSON])
