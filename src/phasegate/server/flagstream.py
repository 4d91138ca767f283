"""Flags on their way to applications: the stream, its acknowledgements, and the document itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math

from phasegate.server.bare import (
    JSON,
    App,
    Disconnected,
    Receive,
    Scope,
    Send,
    TooLarge,
    etag_of,
    known_already,
    query,
    read_body,
    respond,
)
from phasegate.server.board import FlagBoard
from phasegate.server.following import served_document
from phasegate.server.selector import BadSelector, selected
from phasegate.server.streams import News, Stream

KEEP_ALIVE_S = 10.0
"""A comment is sent after so long without news, so that both sides notice a dead connection."""

ACK_LIMIT = 1024
"""Bytes of an acknowledgement."""

NAME_LIMIT = 200
"""Characters of a stream's name that are kept."""

_PREFIX = "/flags/v1/"


def flagstream(
    board: FlagBoard, default_environment: str | None, keep_alive_s: float = KEEP_ALIVE_S
) -> App:
    """Build the ASGI callable for `/flags/v1/…`; whoever calls it has authenticated already.

    GET  stream?environment=E&name=N    the stream of E
    POST streams/{id}/ack               {"version": n}: n is in force there
    DELETE streams/{id}                 goodbye: nothing is served there any more
    GET  document?environment=E         for flagd's HTTP sync: leases and prerequisites in rules
    GET  published?environment=E        what the stream carries, without the lease that it needs
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        try:
            match method, path.removeprefix(_PREFIX).split("/"):
                case "GET", ["stream"]:
                    environment = selected(scope, default_environment)
                    stream = board.open(environment, query(scope, "name")[:NAME_LIMIT])
                    await _stream(board, stream, receive, send, keep_alive_s)
                case "GET", ["document"]:
                    environment = selected(scope, default_environment)
                    body = served_document(board, environment)
                    await _document(board, environment, body, scope, send)
                case "GET", ["published"]:
                    environment = selected(scope, default_environment)
                    published = board.current(environment)
                    body = published.body if published else None
                    await _document(board, environment, body, scope, send)
                case "POST", ["streams", stream_id, "ack"]:
                    await _acknowledge(board, stream_id, scope, receive, send)
                case "DELETE", ["streams", stream_id]:
                    await _goodbye(board, stream_id, send)
                case _:
                    await _refuse(send, 404, "no-such-route", f"{method} {path} is nothing here")
        except BadSelector as bad:
            await _refuse(send, 400, bad.code, str(bad))

    return app


async def _stream(
    board: FlagBoard, stream: Stream, receive: Receive, send: Send, keep_alive_s: float
) -> None:
    try:
        await _carry(board, stream, receive, send, keep_alive_s)
    finally:
        board.leave(stream)


async def _document(
    board: FlagBoard, environment: str, body: bytes | None, scope: Scope, send: Send
) -> None:
    if body is None:
        known = ", ".join(board.environments()) or "none"
        text = f"nothing is published for {environment!r}; environments with flags: {known}"
        await _refuse(send, 404, "unknown-environment", text)
        return
    tag = etag_of(body)
    headers = [(b"etag", tag.encode()), (b"cache-control", b"no-cache")]
    if known_already(scope, tag):
        await respond(send, 304, headers=headers)
    else:
        await respond(send, 200, body, [JSON, *headers])


async def _carry(
    board: FlagBoard, stream: Stream, receive: Receive, send: Send, keep_alive_s: float
) -> None:
    """Write news until the stream is ended here or its reader is gone."""
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _write(send, _event("hello", json.dumps({"stream": stream.id}).encode()))
    gone = asyncio.create_task(_disconnected(receive))
    gone.add_done_callback(lambda _: stream.wake.set())
    spoken = stream.loop.time()
    try:
        while not gone.done():
            stream.wake.clear()
            news = board.news(stream)
            if news.ended:
                break
            frames = _frames(news)
            if frames or stream.loop.time() - spoken >= keep_alive_s:
                await _write(send, frames or b": still here\n\n")
                spoken = stream.loop.time()
            await _woken(stream.wake, spoken + keep_alive_s)
    finally:
        gone.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gone
    await send({"type": "http.response.body", "body": b""})


def _frames(news: News) -> bytes:
    """Render news, the lease first: one that ends sooner counts before anything else."""
    frames = b""
    if news.lease is not None:
        frames += _event("lease", json.dumps(_remaining(news.lease, news.now)).encode())
    if news.published is not None:
        frames += news.published.frame
    return frames


def _remaining(deadline: float, now: float) -> dict[str, int | None]:
    sent_ms = int(now * 1000)
    if math.isinf(deadline):
        return {"remaining_ms": None if deadline > 0 else 0, "sent_ms": sent_ms}
    return {"remaining_ms": max(0, int((deadline - now) * 1000)), "sent_ms": sent_ms}


async def _woken(wake: asyncio.Event, until: float) -> None:
    """Return once there may be news, the reader is gone, or the loop's time has come."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await wake.wait()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _acknowledge(
    board: FlagBoard, stream_id: str, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        version = _version(await read_body(scope, receive, ACK_LIMIT))
    except TooLarge:
        await _refuse(send, 413, "too-large", f"an ack has at most {ACK_LIMIT} bytes")
        return
    except Disconnected:
        return
    if version is None:
        await _refuse(send, 400, "ack-malformed", 'an ack is {"version": number}')
        return
    match board.acknowledge(stream_id, version):
        case None:
            await _refuse(send, 404, "unknown-stream", "no such stream is open; connect again")
        case False:
            text = f"version {version} was never sent on this stream"
            await _refuse(send, 409, "ack-unsent", text)
        case True:
            await respond(send, 204)


def _version(body: bytes) -> int | None:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None
    version = given.get("version") if isinstance(given, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


async def _goodbye(board: FlagBoard, stream_id: str, send: Send) -> None:
    if board.goodbye(stream_id):
        await respond(send, 204)
    else:
        await _refuse(send, 404, "unknown-stream", "no such stream is open")


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


async def _refuse(send: Send, status: int, code: str, text: str) -> None:
    body = json.dumps({"error": code, "message": text}).encode()
    await respond(send, status, body, [JSON])
