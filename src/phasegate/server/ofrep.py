"""OFREP 0.3: flags evaluated for other languages, one or all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from phasegate.flags.resolution import ErrorCode, Metadata, Resolution
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
    read_body,
    respond,
)
from phasegate.server.board import FlagBoard
from phasegate.server.selector import BadSelector, selected
from phasegate.server.streams import Published

PREFIX = "/ofrep/v1/evaluate/flags"

BODY_LIMIT = 64 * 1024
"""Bytes of a request; more is answered 413."""

_SPOKEN = frozenset({ErrorCode.PARSE_ERROR, ErrorCode.FLAG_NOT_FOUND, ErrorCode.INVALID_CONTEXT})
"""Error codes that we say and OFREP has; any other is GENERAL there."""


class Asked(NamedTuple):
    """Whom flags are evaluated for."""

    targeting_key: str | None
    attributes: Mapping[str, object]


class Rejected(Exception):
    """The request cannot be answered; the words say why."""

    def __init__(self, status: int, code: ErrorCode, text: str) -> None:
        """Carry the HTTP status and the error code that OFREP has for it."""
        super().__init__(text)
        self.status = status
        self.code = code


def ofrep(board: FlagBoard, default_environment: str | None) -> App:
    """Build the ASGI callable for `/ofrep/v1/evaluate/flags…`; its caller has authenticated.

    The environment is the one that the header `Flagd-Selector: flagSetId=NAME` names.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        key = scope["path"].removeprefix(PREFIX).removeprefix("/")
        try:
            asked = await _asked(scope, receive)
            published = _published(scope, board, default_environment, key)
        except Disconnected:
            return
        except Rejected as rejected:
            body = msgspec.json.encode(_failure(key, rejected.code, str(rejected), {}))
            await respond(send, rejected.status, body, [JSON])
        else:
            if key:
                await _single(send, published, key, asked)
            else:
                await _bulk(scope, send, published, asked)

    return app


async def _single(send: Send, published: Published, key: str, asked: Asked) -> None:
    outcome = published.leased.evaluate(key, *asked)
    await respond(send, _status(outcome), msgspec.json.encode(_answer(key, outcome)), [JSON])


async def _bulk(scope: Scope, send: Send, published: Published, asked: Asked) -> None:
    evaluate = published.leased.evaluate
    answers = [_answer(key, evaluate(key, *asked)) for key in sorted(published.flags.keys)]
    metadata = dict(published.flags.metadata)
    body = msgspec.json.encode({"flags": answers, "metadata": metadata})
    tag = etag_of(body)
    headers = [(b"etag", tag.encode())]
    if known_already(scope, tag):
        await respond(send, 304, headers=headers)
    else:
        await respond(send, 200, body, [JSON, *headers])


def _answer(key: str, outcome: Resolution) -> dict[str, object]:
    if outcome.error_code is not None:
        return _failure(key, outcome.error_code, outcome.error_message, outcome.metadata)
    answer: dict[str, object] = {"key": key, "reason": outcome.reason}
    # Without value and variant the application's own default counts (OFREP ADR-0006).
    if outcome.variant is not None:
        answer |= {"value": outcome.value, "variant": outcome.variant}
    return answer | {"metadata": dict(outcome.metadata)}


def _failure(key: str, code: ErrorCode, text: str, metadata: Metadata) -> dict[str, object]:
    spoken = code if code in _SPOKEN else ErrorCode.GENERAL
    failure: dict[str, object] = {"errorCode": spoken, "errorDetails": text}
    if key:
        failure = {"key": key, **failure}
    return failure | ({"metadata": dict(metadata)} if metadata else {})


def _status(outcome: Resolution) -> int:
    if outcome.error_code is None:
        return 200
    return 404 if outcome.error_code is ErrorCode.FLAG_NOT_FOUND else 400


async def _asked(scope: Scope, receive: Receive) -> Asked:
    """Read a request. Raises Rejected."""
    if scope["method"] != "POST":
        raise Rejected(405, ErrorCode.GENERAL, "flags are evaluated by POST")
    try:
        body = await read_body(scope, receive, BODY_LIMIT)
        request = msgspec.json.decode(body) if body else {}
    except TooLarge as error:
        text = f"a request has at most {BODY_LIMIT} bytes; send fewer attributes"
        raise Rejected(413, ErrorCode.INVALID_CONTEXT, text) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected(400, ErrorCode.PARSE_ERROR, "the request is not valid JSON") from error
    context = request.get("context", {}) if isinstance(request, dict) else request
    if not isinstance(context, dict):
        text = '`context` must be an object: {"context": {"targetingKey": …}}'
        raise Rejected(400, ErrorCode.INVALID_CONTEXT, text)
    targeting_key = context.pop("targetingKey", None)
    if targeting_key is not None and not isinstance(targeting_key, str):
        raise Rejected(400, ErrorCode.INVALID_CONTEXT, "`targetingKey` must be a text")
    return Asked(targeting_key, context)


def _published(scope: Scope, board: FlagBoard, default: str | None, key: str) -> Published:
    """Return the flags that are asked for. Raises Rejected."""
    try:
        environment = selected(scope, default)
    except BadSelector as bad:
        raise Rejected(400, ErrorCode.GENERAL, str(bad)) from bad
    published = board.current(environment)
    if published is None:
        known = ", ".join(board.environments()) or "none"
        text = f"nothing is published for {environment!r}; environments with flags: {known}"
        if key:
            raise Rejected(404, ErrorCode.FLAG_NOT_FOUND, text)
        raise Rejected(400, ErrorCode.GENERAL, text)
    return published
