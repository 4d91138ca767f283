"""The OTLP/HTTP receiver: a bare ASGI app that answers as the OTLP specification asks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol  # an ASGI scope and its messages are dicts of anything

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from phasegate.ports import Unavailable
from phasegate.telemetry import decode
from phasegate.telemetry.decode import Encoding, TooLarge
from phasegate.telemetry.observation import Batch, Malformed, Observation, Rejected

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BYTES = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
RETRY_AFTER_S = 5

# google.rpc.Code, which OTLP clients expect in the body of a failure.
INVALID, NOT_FOUND, EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE = 3, 5, 8, 12, 14


class Intake(Protocol):
    """Where observations go. `phasegate.telemetry.intake.Intake` is the one that stores."""

    def take(self, observations: Sequence[Observation], now: float) -> Rejected:
        """Take observations in; raises Unavailable when they have to be sent again later."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One of the two paths: how its body is read and how a partial success is written."""

    read: Callable[[bytes, Encoding], Batch]
    rejected_field: str
    partly: Callable[[int, str], bytes]


class _Failure(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def _traces_partly(rejected: int, why: str) -> bytes:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = rejected
    response.partial_success.error_message = why
    return bytes(response.SerializeToString())


def _logs_partly(rejected: int, why: str) -> bytes:
    response = ExportLogsServiceResponse()
    response.partial_success.rejected_log_records = rejected
    response.partial_success.error_message = why
    return bytes(response.SerializeToString())


SIGNALS = {
    "/v1/traces": Signal(read=decode.traces, rejected_field="rejectedSpans", partly=_traces_partly),
    "/v1/logs": Signal(read=decode.logs, rejected_field="rejectedLogRecords", partly=_logs_partly),
}


def otlp_app(intake: Intake, clock: Callable[[], float] = time.time) -> App:
    """Return an ASGI app for POST /v1/traces and /v1/logs.

    It asks for no token: put it behind whatever lets applications in. Reading a body is left to
    a thread, so that a large one does not hold up flag evaluations in the same process.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"  # noqa: S101 lifespan and websockets are the server's
        headers = {name.lower(): value for name, value in scope["headers"]}
        encoding = _encoding_of(headers) or Encoding.JSON
        try:
            signal = _signal(scope, headers)
            body = await _body(receive, headers)
            if body is None:
                return
            answer = await asyncio.to_thread(_answer, signal, body, headers, intake, clock)
        except _Failure as failure:
            await _respond(send, failure.status, encoding, _status(failure, encoding))
        else:
            await _respond(send, 200, encoding, answer)

    return app


def _signal(scope: Message, headers: dict[bytes, bytes]) -> Signal:
    signal = SIGNALS.get(scope["path"])
    if signal is None:
        raise _Failure(404, NOT_FOUND, f"telemetry goes to {' or '.join(SIGNALS)}")
    if scope["method"] != "POST":
        raise _Failure(405, UNIMPLEMENTED, f"{scope['path']} takes POST only")
    if _encoding_of(headers) is None:
        known = " or ".join(encoding.value for encoding in Encoding)
        raise _Failure(415, INVALID, f"send the body as {known}")
    if _packing_of(headers) not in (b"gzip", b"identity", b""):
        raise _Failure(415, INVALID, "send the body as it is, or with Content-Encoding: gzip")
    return signal


def _encoding_of(headers: dict[bytes, bytes]) -> Encoding | None:
    content_type = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    return next((one for one in Encoding if one.value.encode() == content_type), None)


def _packing_of(headers: dict[bytes, bytes]) -> bytes:
    return headers.get(b"content-encoding", b"").strip().lower()


async def _body(receive: Receive, headers: dict[bytes, bytes]) -> bytes | None:
    """Return the whole body, or None if the client went away."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:20]) > MOST_BYTES:
        raise _too_large(f"the body is larger than {MOST_BYTES} bytes")
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MOST_BYTES:
            raise _too_large(f"the body is larger than {MOST_BYTES} bytes")
        if not message.get("more_body", False):
            return b"".join(chunks)


def _too_large(what: str) -> _Failure:
    return _Failure(413, EXHAUSTED, f"{what}; make the exporter's batches smaller")


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
        batch = signal.read(body, encoding)
        rejected = intake.take(batch.observations, clock())
    except Malformed as error:
        raise _Failure(400, INVALID, str(error)) from error
    except TooLarge as error:
        raise _too_large(str(error)) from error
    except Unavailable as error:
        raise _Failure(503, UNAVAILABLE, str(error)) from error
    return _success(signal, encoding, min(rejected.count, batch.records), rejected.why)


def _success(signal: Signal, encoding: Encoding, rejected: int, why: str) -> bytes:
    if encoding is Encoding.PROTOBUF:
        return signal.partly(rejected, why) if rejected else b""
    partial = {signal.rejected_field: str(rejected), "errorMessage": why}
    return json.dumps({"partialSuccess": partial} if rejected else {}).encode()


def _status(failure: _Failure, encoding: Encoding) -> bytes:
    """Write google.rpc.Status: field 1 is the code, field 2 the message."""
    if encoding is Encoding.JSON:
        return json.dumps({"code": failure.code, "message": failure.message}).encode()
    text = failure.message.encode()
    return bytes((0x08, failure.code, 0x12)) + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))


async def _respond(send: Send, status: int, encoding: Encoding, body: bytes) -> None:
    headers = [
        (b"content-type", encoding.value.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if status == 405:
        headers.append((b"allow", b"POST"))
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    if status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
