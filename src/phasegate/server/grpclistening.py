"""What both gRPC servers share: how one listens, and where a request carries its token."""

from __future__ import annotations

from collections.abc import Sequence

import grpc


async def listening(
    host: str,
    port: int,
    handlers: Sequence[grpc.GenericRpcHandler],
    *options: tuple[str, int],
) -> tuple[grpc.aio.Server, int]:
    """Return a server that listens, and its port; 0 takes a free one. Raises OSError if taken."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0), *options))
    server.add_generic_rpc_handlers(tuple(handlers))
    try:
        bound: int = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise OSError(f"gRPC cannot listen on {host}:{port}") from error
    await server.start()
    return server, bound


def secret_of(metadata: dict[str, str | bytes]) -> str:
    """Return the token that a request's metadata carry; empty if they carry none."""
    given = str(metadata.get("authorization", ""))
    if given[:7].lower() == "bearer ":
        return given[7:].strip()
    return str(metadata.get("x-api-key", ""))
