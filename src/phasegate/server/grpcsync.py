"""flagd.sync.v1 over gRPC: the way by which other languages' in-process providers get their flags.

Two text fields are all that is read and one is all that is written, so the messages are taken
apart here, and grpcio (extra `grpc`) is all that is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

import grpc

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.ports import Unavailable
from phasegate.server.board import FlagBoard
from phasegate.server.following import following, served_document
from phasegate.server.grpclistening import listening, secret_of
from phasegate.server.selector import BadSelector, flag_set

SERVICE = "flagd.sync.v1.FlagSyncService"

KEEP_ALIVE_S = 60.0

_ANYBODY = Person(name="whoever reaches the port", role=Role.APPLICATION)

Known = Callable[[str], Person | None]
"""Returns the person that a token belongs to. Raises Unavailable."""


class GrpcSync:
    """Serves SyncFlags and FetchAllFlags; GetMetadata is answered UNIMPLEMENTED, as flagd allows.

    A request names its environment by the selector `flagSetId=NAME`, in metadata or in its body.
    """

    def __init__(self, board: FlagBoard, default_environment: str, known: Known | None) -> None:
        """known: who carries which token; None lets everybody in who reaches the port."""
        self._board = board
        self._default = default_environment
        self._known = known
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; 0 takes a free one. Raises OSError if it is taken."""
        self._server, bound = await listening(host, port, [self._handlers()])
        return bound

    async def stop(self) -> None:
        """End all streams; their clients try again elsewhere."""
        if self._server is not None:
            await self._server.stop(grace=None)
            self._server = None

    def _handlers(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "SyncFlags": grpc.unary_stream_rpc_method_handler(
                    self._sync, request_deserializer=selector_of, response_serializer=_answer
                ),
                "FetchAllFlags": grpc.unary_unary_rpc_method_handler(
                    self._fetch, request_deserializer=selector_of, response_serializer=_answer
                ),
            },
        )

    async def _sync(
        self, selector: str, context: grpc.aio.ServicerContext[str, bytes]
    ) -> AsyncIterator[bytes]:
        environment = await self._environment(selector, context)
        sent: bytes | None = None
        async with contextlib.aclosing(
            following(self._board, environment, KEEP_ALIVE_S)
        ) as changes:
            async for _ in changes:
                body = served_document(self._board, environment)
                if body is not None and body != sent:
                    sent = body
                    yield body

    async def _fetch(self, selector: str, context: grpc.aio.ServicerContext[str, bytes]) -> bytes:
        environment = await self._environment(selector, context)
        body = served_document(self._board, environment)
        if body is None:
            known = ", ".join(self._board.environments()) or "none"
            text = f"nothing is published for {environment!r}; environments with flags: {known}"
            await context.abort(grpc.StatusCode.NOT_FOUND, text)
        return body or b""

    async def _environment(
        self, selector: str, context: grpc.aio.ServicerContext[str, bytes]
    ) -> str:
        metadata = {str(key): value for key, value in context.invocation_metadata() or ()}
        try:
            person = self._known(secret_of(metadata)) if self._known else _ANYBODY
        except Unavailable as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            raise
        if person is None:
            text = "send metadata `authorization: Bearer TOKEN`; see `phasegate token create`"
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, text)
        try:
            return flag_set(str(metadata.get("flagd-selector", selector))) or self._default
        except BadSelector as bad:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(bad))
            raise


def selector_of(request: bytes) -> str:
    """Return the selector of a SyncFlagsRequest or FetchAllFlagsRequest: its field 2.

    Raises ValueError for bytes that are no such message.
    """
    selector, at = "", 0
    while at < len(request):
        tag, at = _varint(request, at)
        if tag & 7 != 2:
            raise ValueError("a field of another type than text")
        size, at = _varint(request, at)
        if at + size > len(request):
            raise ValueError("a field that is cut off")
        if tag >> 3 == 2:
            selector = request[at : at + size].decode()
        at += size
    return selector


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number that is cut off")


def _answer(body: bytes) -> bytes:
    """Write a message whose field 1 is a text."""
    size, head = len(body), bytearray(b"\x0a")
    while size >= 0x80:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(head) + bytes([size]) + body
