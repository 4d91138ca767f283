"""The OTLP/HTTP receiver: a bare ASGI app that answers as the OTLP specification asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol  # an ASGI scope and its messages are dicts of anything

from phasegate.ports import Unavailable
from phasegate.server.otlp_answers import (
    EXHAUSTED,
    INVALID,
    NOT_FOUND,
    UNAVAILABLE,
    UNIMPLEMENTED,
    Failure,
    Partly,
    logs_partly,
    metrics_partly,
    status,
    success,
    traces_partly,
)
from phasegate.telemetry import decode
from phasegate.telemetry.decode import Encoding, TooLarge
from phasegate.telemetry.limits import TOO_MUCH
from phasegate.telemetry.observation import Batch, Malformed, Observation, Point, Rejected
from phasegate.telemetry.wanted import Wanted

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BYTES = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
MOST_WAITING = 24 * 1024 * 1024
"""Bytes of bodies that are held at once; beyond, senders are asked to come again."""

READERS = 2
"""Threads that read bodies. A body becomes ten times its size while it is read, and more threads
share one interpreter lock, so that they would cost memory and bring nothing."""

STORE_AGAIN_S = 5
CROWD_AGAIN_S = 1
"""When to come again: the store may take a while to be back, a crowd is gone in a moment."""


class Intake(Protocol):
    """Where observations go. `phasegate.telemetry.intake.Intake` is the one that stores."""

    @property
    def wanted(self) -> Wanted | None:
        """Which attributes of requests are asked for; None: all of them."""

    def take(self, observations: Sequence[Observation], now: float) -> Rejected:
        """Take observations in; raises Unavailable when they have to be sent again later."""

    def read(self, points: Sequence[Point], now: float) -> Rejected:
        """Take data points in; raises Unavailable when they have to be sent again later."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One of the paths: how its body is read and how a partial success is written."""

    read: Callable[[bytes, Encoding, Wanted | None], Batch]
    rejected_field: str
    partly: Partly


def _logs(body: bytes, encoding: Encoding, _: Wanted | None) -> Batch:
    return decode.logs(body, encoding)


def _metrics(body: bytes, encoding: Encoding, _: Wanted | None) -> Batch:
    return decode.metrics(body, encoding)


SIGNALS = {
    "/v1/traces": Signal(read=decode.traces, rejected_field="rejectedSpans", partly=traces_partly),
    "/v1/logs": Signal(read=_logs, rejected_field="rejectedLogRecords", partly=logs_partly),
    "/v1/metrics": Signal(
        read=_metrics, rejected_field="rejectedDataPoints", partly=metrics_partly
    ),
}


def take(batch: Batch, intake: Intake, now: float) -> Rejected:
    """Hand a batch to the intake and say what was rejected; raises Unavailable."""
    told = intake.take(batch.observations, now)
    read = intake.read(batch.points, now) if batch.points else Rejected()
    reasons = (told.why, read.why, TOO_MUCH if batch.refused else "")
    return Rejected(
        # A record may tell several things that are rejected, and counts once.
        count=min(told.count + read.count + batch.refused, batch.records),
        why="; ".join(reason for reason in reasons if reason),
    )


def otlp_app(
    intake: Intake, clock: Callable[[], float] = time.time, most_waiting: int = MOST_WAITING
) -> App:
    """Return an ASGI app for POST /v1/traces, /v1/logs and /v1/metrics.

    It asks for no token: put it behind whatever lets applications in. Reading a body is left to
    a thread, so that a large one does not hold up flag evaluations in the same process.
    """
    crowd = _Crowd(most_waiting)
    readers = ThreadPoolExecutor(READERS, thread_name_prefix="phasegate-otlp")

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"  # noqa: S101 lifespan and websockets are the server's
        headers = {name.lower(): value for name, value in scope["headers"]}
        encoding = _encoding_of(headers) or Encoding.JSON
        place = _Place(crowd)
        try:
            signal = _signal(scope, headers)
            body = await _body(receive, headers, place)
            if body is None:
                return
            answer = await asyncio.get_running_loop().run_in_executor(
                readers, _answer, signal, body, headers, intake, clock
            )
        except Failure as failure:
            body = status(failure, encoding)
            await _respond(send, failure.status, encoding, body, failure.again_s)
        else:
            await _respond(send, 200, encoding, answer)
        finally:
            place.leave()

    return app


class _Crowd:
    """Bodies that are held at once, in bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0


class _Place:
    """What one request holds of the crowd's bytes."""

    def __init__(self, crowd: _Crowd) -> None:
        self._crowd = crowd
        self._held = 0

    def widen(self, size: int) -> None:
        """Hold that many bytes in all; raises Failure where the crowd is too large for more."""
        more = size - self._held
        if more <= 0:
            return
        if self._crowd.held + more > self._crowd.most:
            raise Failure(
                429,
                UNAVAILABLE,
                "telemetry comes faster than it is counted: send this again later, with less at "
                "once, or give the server more of its processor. [intake-crowded]",
                CROWD_AGAIN_S,
            )
        self._crowd.held += more
        self._held = size

    def leave(self) -> None:
        """Hold nothing any more."""
        self._crowd.held -= self._held
        self._held = 0


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


async def _body(receive: Receive, headers: dict[bytes, bytes], place: _Place) -> bytes | None:
    """Return the whole body, or None if the client went away."""
    announced = headers.get(b"content-length", b"0")
    size = int(announced[:20]) if announced.isdigit() else 0
    if size > MOST_BYTES:
        raise _too_large(f"the body is larger than {MOST_BYTES} bytes")
    place.widen(size)
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MOST_BYTES:
            raise _too_large(f"the body is larger than {MOST_BYTES} bytes")
        place.widen(size)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(what: str) -> Failure:
    return Failure(413, EXHAUSTED, f"{what}; make the exporter's batches smaller")


def _answer(
    signal: Signal,
    body: bytes,
    headers: dict[bytes, bytes],
    intake: Intake,
    clock: Callable[[], float],
) -> bytes:
    encoding = _encoding_of(headers) or Encoding.JSON
    try:
        if _packing_of(headers) == b"gzip":
            body = decode.unpacked(body, MOST_UNPACKED)
        rejected = take(signal.read(body, encoding, intake.wanted), intake, clock())
    except Malformed as error:
        raise Failure(400, INVALID, str(error)) from error
    except TooLarge as error:
        raise _too_large(str(error)) from error
    except Unavailable as error:
        raise Failure(503, UNAVAILABLE, str(error), STORE_AGAIN_S) from error
    return success(signal.partly, signal.rejected_field, encoding, rejected.count, rejected.why)


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
