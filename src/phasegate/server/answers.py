"""The one shape of an error over HTTP: code, message, remedy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any  # the ASGI specification's own types

import msgspec

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def send_error(send: Send, status: int, code: str, message: str, remedy: str) -> None:
    """Answer a bare ASGI request with an error."""
    await send_json(send, status, {"error": {"code": code, "message": message, "remedy": remedy}})


async def send_json(send: Send, status: int, content: object) -> None:
    """Answer a bare ASGI request with JSON."""
    body = msgspec.json.encode(content)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
