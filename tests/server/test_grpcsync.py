"""flagd.sync.v1 over a real gRPC server: exact messages, tokens and selectors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.grpcsync import GrpcSync, selector_of

APPLICATION = Person(name="shop", role=Role.APPLICATION)


def publish(board: FlagBoard, version: int, exposure: int, environment: str = "production") -> None:
    states = [FlagState(key="new_cart", exposure=exposure)]
    board.publish(environment, version, document(environment, version, states))


@pytest.fixture
def board() -> FlagBoard:
    board = FlagBoard()
    publish(board, 1, 10_000)
    publish(board, 7, 0, "staging")
    return board


@pytest.fixture
def call(board: FlagBoard, serve_grpc: Callable[..., int]) -> Iterator[Any]:
    def known(token: str) -> Person | None:
        return APPLICATION if token == "pg_secret" else None

    port = serve_grpc(lambda: GrpcSync(board, "production", known))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


TOKEN = (("authorization", "Bearer pg_secret"),)


def fetch(channel: Any, request: bytes = b"", metadata: Any = TOKEN) -> dict[str, Any]:
    ask = channel.unary_unary("/flagd.sync.v1.FlagSyncService/FetchAllFlags")
    return read(ask(request, metadata=metadata, timeout=30))


def read(message: bytes) -> dict[str, Any]:
    """Read field 1 of a message, a text."""
    assert message[0] == 0x0A
    size = shift = 0
    for at, byte in enumerate(message[1:], start=2):
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            assert len(message) == at + size
            return json.loads(message[at:])
    raise AssertionError("no length")


def test_all_flags_are_fetched(call: Any) -> None:
    whole = fetch(call)

    assert whole["metadata"]["flagSetId"] == "production"
    assert whole["flags"]["new_cart"]["defaultVariant"] == "on"


def test_a_stream_gets_the_flags_at_once_and_again_at_every_change(
    board: FlagBoard, call: Any
) -> None:
    sync = call.unary_stream("/flagd.sync.v1.FlagSyncService/SyncFlags")
    stream = sync(b"", metadata=TOKEN, timeout=30)

    first = read(next(stream))
    publish(board, 2, 2_500)
    second = read(next(stream))
    stream.cancel()

    assert first["metadata"]["version"] == "1"
    assert second["metadata"]["version"] == "2"
    assert second["flags"]["new_cart"]["targeting"]


STAGING = b"\x12\x11flagSetId=staging"


@pytest.mark.parametrize(
    ("request_", "metadata"),
    [
        (STAGING, TOKEN),
        (b"\x0a\x04shop" + STAGING, TOKEN),
        (b"", (*TOKEN, ("flagd-selector", "flagSetId=staging"))),
        (b"", (("x-api-key", "pg_secret"), ("flagd-selector", "flagSetId=staging"))),
    ],
    ids=["body", "body after a provider's id", "metadata", "another kind of key"],
)
def test_a_selector_names_the_environment(call: Any, request_: bytes, metadata: Any) -> None:
    assert fetch(call, request_, metadata)["metadata"]["flagSetId"] == "staging"


@pytest.mark.parametrize(
    ("request_", "metadata", "code", "said"),
    [
        (b"", (), "UNAUTHENTICATED", "phasegate token create"),
        (b"", (("authorization", "Bearer wrong"),), "UNAUTHENTICATED", "authorization"),
        (b"\x12\x08source=x", TOKEN, "INVALID_ARGUMENT", "flagSetId=NAME"),
        (b"\x12\x11flagSetId=nowhere", TOKEN, "NOT_FOUND", "production, staging"),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_reason(
    call: Any, request_: bytes, metadata: Any, code: str, said: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        fetch(call, request_, metadata)

    assert caught.value.code().name == code
    assert said in caught.value.details()


def test_metadata_is_left_to_the_stream_as_flagd_allows(call: Any) -> None:
    ask = call.unary_unary("/flagd.sync.v1.FlagSyncService/GetMetadata")

    with pytest.raises(grpc.RpcError) as caught:
        ask(b"", metadata=TOKEN, timeout=30)

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_port_that_is_taken_is_an_error(call: Any, board: FlagBoard) -> None:
    async def twice() -> None:
        first, second = GrpcSync(board, "", None), GrpcSync(board, "", None)
        port = await first.start("127.0.0.1", 0)
        try:
            with pytest.raises(OSError, match="cannot listen"):
                await second.start("127.0.0.1", port)
        finally:
            await first.stop()

    asyncio.run(twice())


@pytest.mark.parametrize(
    "request_", [b"\x12", b"\x12\x05ab", b"\x08\x01", b"\xff" * 12, b"\x12\x01\xff"]
)
def test_bytes_that_are_no_request_are_an_error_and_no_crash(request_: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 whatever of them it is, gRPC answers it
        selector_of(request_)
