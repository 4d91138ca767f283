"""OTLP over gRPC: the same receiver as over HTTP, for exporters and Collectors that speak that.

Messages are handed over as bytes and read where HTTP's bodies are, so that grpcio (extra `grpc`)
does nothing but carry them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import grpc

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.ports import Unavailable
from phasegate.server.grpclistening import listening, secret_of
from phasegate.server.otlp_answers import UNAVAILABLE, Failure, detailed_status, retry_info, success
from phasegate.server.receiving import (
    LOGS,
    METRICS,
    MOST_BYTES,
    STORE_AGAIN_S,
    TRACES,
    Receiver,
    Signal,
)
from phasegate.telemetry.decode import Encoding

SERVICES = {
    "opentelemetry.proto.collector.trace.v1.TraceService": TRACES,
    "opentelemetry.proto.collector.logs.v1.LogsService": LOGS,
    "opentelemetry.proto.collector.metrics.v1.MetricsService": METRICS,
}

MOST_STREAMS = 16
"""Requests under way on one connection; the client itself holds further ones back."""

OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_concurrent_streams", MOST_STREAMS),
)

CODES = {code.value[0]: code for code in grpc.StatusCode}

Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]
Known = Callable[[str], Awaitable[Person | None]]
"""Returns the person that a token belongs to. Raises Unavailable."""


class GrpcOtlp:
    """Serves Export of the three OTLP services, plain or gzip.

    Where HTTP answers 429 it answers RESOURCE_EXHAUSTED, where 503 UNAVAILABLE, each with a
    RetryInfo that says when to come again.
    """

    def __init__(self, receiver: Receiver, known: Known) -> None:
        """known: who carries which token."""
        self._receiver = receiver
        self._known = known
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; 0 takes a free one. Raises OSError if it is taken."""
        services = [self._service(name) for name in SERVICES]
        self._server, bound = await listening(host, port, services, *OPTIONS)
        return bound

    async def stop(self) -> None:
        """Refuse new requests and finish those under way; senders try again elsewhere."""
        if self._server is not None:
            await self._server.stop(grace=1.0)
            self._server = None

    def _service(self, name: str) -> grpc.GenericRpcHandler:
        signal = SERVICES[name]

        async def export(body: bytes, context: Context) -> bytes:
            return await self._export(signal, body, context)

        handler = grpc.unary_unary_rpc_method_handler(export)
        return grpc.method_handlers_generic_handler(name, {"Export": handler})

    async def _export(self, signal: Signal, body: bytes, context: Context) -> bytes:
        await self._let_in(context)
        try:
            with self._receiver.place() as place:
                place.widen(len(body))
                rejected = await self._receiver.take(signal, body, Encoding.PROTOBUF)
        except Failure as failure:
            await _abort(context, failure)
            raise
        return success(signal.partly, signal.rejected_field, Encoding.PROTOBUF, rejected)

    async def _let_in(self, context: Context) -> None:
        """Abort the request unless its token may send telemetry."""
        metadata = {str(key): value for key, value in context.invocation_metadata() or ()}
        try:
            person = await self._known(secret_of(metadata))
        except Unavailable as error:
            await _abort(context, Failure(503, UNAVAILABLE, str(error), STORE_AGAIN_S))
            raise
        if person is None:
            text = "send metadata `authorization: Bearer TOKEN`; see `phasegate token create`"
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, text)
        elif person.role is Role.VIEWER:
            text = f"{person.name} is viewer and may not send telemetry; use an application's token"
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, text)


async def _abort(context: Context, failure: Failure) -> None:
    details = [("grpc-status-details-bin", detailed_status(failure))]
    if failure.again_s is not None:
        # Where OpenTelemetry's Python exporter looks for it; all others look into the details.
        details.append(("google.rpc.retryinfo-bin", retry_info(failure)))
    await context.abort(CODES[failure.code], failure.message, tuple(details))
