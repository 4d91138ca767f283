"""The OTLP/HTTP receiver: a bare ASGI app that answers as the OTLP specification asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any  # an ASGI scope and its messages are dicts of anything

from phasegate.server.otlp_answers import (
    INVALID,
    NOT_FOUND,
    UNIMPLEMENTED,
    Failure,
    status,
    success,
)
from phasegate.server.receiving import (
    LOGS,
    METRICS,
    MOST_BYTES,
    TRACES,
    Place,
    Receiver,
    Signal,
    too_large,
)
from phasegate.telemetry.decode import Encoding

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

SIGNALS = {"/v1/traces": TRACES, "/v1/logs": LOGS, "/v1/metrics": METRICS}


def otlp_app(receiver: Receiver) -> App:
    """Return an ASGI app for POST /v1/traces, /v1/logs and /v1/metrics.

    It asks for no token: put it behind whatever lets applications in.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"  # noqa: S101 lifespan and websockets are the server's
        headers = {name.lower(): value for name, value in scope["headers"]}
        encoding = _encoding_of(headers) or Encoding.JSON
        try:
            with receiver.place() as place:
                signal = _signal(scope, headers)
                body = await _body(receive, headers, place)
                if body is None:
                    return
                packed = _packing_of(headers) == b"gzip"
                rejected = await receiver.take(signal, body, encoding, packed=packed)
        except Failure as failure:
            told = status(failure, encoding)
            await _respond(send, failure.status, encoding, told, failure.again_s)
        else:
            told = success(signal.partly, signal.rejected_field, encoding, rejected)
            await _respond(send, 200, encoding, told)

    return app


def _signal(scope: Message, headers: dict[bytes, bytes]) -> Signal:
    signal = SIGNALS.get(scope["path"])
    if signal is None:
        raise Failure(404, NOT_FOUND, f"telemetry goes to {' or '.join(SIGNALS)}")
    if scope["method"] != "POST":
        raise Failure(405, UNIMPLEMENTED, f"{scope['path']} takes POST only")
    if _encoding_of(headers) is None:
        known = " or ".join(encoding.value for encoding in Encoding)
        raise Failure(415, INVALID, f"send the body as {known}")
    if _packing_of(headers) not in (b"gzip", b"identity", b""):
        raise Failure(415, INVALID, "send the body as it is, or with Content-Encoding: gzip")
    return signal


def _encoding_of(headers: dict[bytes, bytes]) -> Encoding | None:
    content_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    return next((one for one in Encoding if one.value.encode() == content_type), None)


def _packing_of(headers: dict[bytes, bytes]) -> bytes:
    return headers.get(b"content-encoding", b"").strip().lower()


async def _body(receive: Receive, headers: dict[bytes, bytes], place: Place) -> bytes | None:
    """Return the whole body, or None if the client went away."""
    announced = headers.get(b"content-length", b"0")
    size = int(announced[:20]) if announced.isdigit() else 0
    if size > MOST_BYTES:
        raise too_large(f"the body is larger than {MOST_BYTES} bytes")
    place.widen(size)
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MOST_BYTES:
            raise too_large(f"the body is larger than {MOST_BYTES} bytes")
        place.widen(size)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _respond(
    send: Send, code: int, encoding: Encoding, body: bytes, again_s: int | None = None
) -> None:
    headers = [
        (b"content-type", encoding.value.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if code == 405:
        headers.append((b"allow", b"POST"))
    if again_s is not None:
        headers.append((b"retry-after", str(again_s).encode()))
    if code in (413, 429):
        # The body was not read to its end, so nothing can follow on this connection.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
