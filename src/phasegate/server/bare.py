"""Bare ASGI: the few lines between a hot route and the socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any  # ASGI scopes and messages are open dicts
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Header = tuple[bytes, bytes]
JSON: Header = (b"content-type", b"application/json")


class TooLarge(Exception):
    """The request's body is larger than the route takes."""


class Disconnected(Exception):
    """The client went away before its request was read."""


def header(scope: Scope, name: bytes) -> str:
    """Return a request header by its lower-case name; empty if it is absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def query(scope: Scope, name: str) -> str:
    """Return the last value of a query parameter; empty if it is absent."""
    given = scope.get("query_string")
    if not given:
        return ""
    values = parse_qs(str(given, "latin-1")).get(name)
    return values[-1] if values else ""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read the body. Raises TooLarge as soon as it is known to exceed `limit` bytes."""
    declared = header(scope, b"content-length")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge
    whole = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        whole = whole + part if whole else part
        if len(whole) > limit:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(whole)


async def respond(
    send: Send, status: int, body: bytes = b"", headers: Iterable[Header] = ()
) -> None:
    """Send a whole response."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, code: str, message: str, remedy: str) -> None:
    """Answer with an error: what happened, and what to do."""
    content = {"error": {"code": code, "message": message, "remedy": remedy}}
    await respond(send, status, json.dumps(content).encode(), [JSON])


async def while_heard(
    telling: Coroutine[Any, Any, None], receive: Receive, at_most_s: float | None = None
) -> None:
    """Tell something until it is told, its reader is gone, or the time is over."""
    tasks = asyncio.create_task(telling), asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait(tasks, timeout=at_most_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def etag_of(body: bytes) -> str:
    """Return a strong ETag that stands for these bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def known_already(scope: Scope, etag: str) -> bool:
    """Say whether If-None-Match names this ETag, so that 304 is the answer."""
    given = header(scope, b"if-none-match")
    return given.strip() == "*" or any(
        candidate.strip().removeprefix("W/") == etag for candidate in given.split(",")
    )
