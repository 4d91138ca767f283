"""OFREP 0.3: flags evaluated for other languages, one or all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from phasegate.core.command import Person
from phasegate.flags.resolution import ErrorCode, Metadata, Resolution
from phasegate.server.access import PERSON
from phasegate.server.bare import (
    JSON,
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
from phasegate.server.notices import INACTIVITY_S, Notices, too_many
from phasegate.server.pace import Pace
from phasegate.server.selector import BadSelector, selected
from phasegate.server.streams import Published
from phasegate.server.tickets import EVENTS, Tickets

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


class Ofrep:
    """The ASGI callable for `/ofrep/v1/…`; its caller has authenticated.

    POST evaluate/flags/{key}   one flag
    POST evaluate/flags         all flags, with ETag and 304
    GET  events                 change notices, at the address that the bulk answer names

    The environment is the one that the header `Flagd-Selector: flagSetId=NAME` names.
    """

    def __init__(
        self,
        board: FlagBoard,
        default_environment: str | None,
        *,
        tickets: Tickets | None = None,
        pace: Pace | None = None,
        notices: Notices | None = None,
    ) -> None:
        """tickets: what the address of change notices carries. pace: how often a caller may ask."""
        self._board = board
        self._default = default_environment
        self._tickets = tickets
        self._pace = pace
        self._notices = notices or Notices(board)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"]
        if path == EVENTS:
            await self._events(scope, receive, send)
            return
        key = path.removeprefix(PREFIX).removeprefix("/")
        if self._pace is not None:
            wait_s = self._pace.wait_s(_caller(scope))
            if wait_s:
                await too_many(send, wait_s, "you ask more often than this server allows")
                return
        try:
            if scope["method"] != "POST":
                raise Rejected(405, ErrorCode.GENERAL, "flags are evaluated by POST")
            asked = _asked(await read_body(scope, receive, BODY_LIMIT))
            environment = _environment(scope, self._default)
            published = _published(self._board, environment, key)
        except Disconnected:
            return
        except (Rejected, TooLarge) as error:
            await _reject(send, key, error)
            return
        if key:
            outcome = published.leased.evaluate(key, asked.targeting_key, asked.attributes)
            await respond(send, _status(outcome), _written(published, key, outcome), _JSON_ALONE)
        else:
            await self._bulk(scope, send, environment, published, asked)

    def at_once(self, person: Person, key: str, scope: Scope, body: bytes) -> bytes | None:
        """Return the answer for one flag; None where it is anything but a value.

        scope: at least the request's headers.
        """
        try:
            asked = _asked(body)
            published = _published(self._board, _environment(scope, self._default), key)
        except Rejected:
            return None
        outcome = published.leased.evaluate(key, asked.targeting_key, asked.attributes)
        if outcome.error_code is not None:
            return None
        if self._pace is not None and self._pace.wait_s(person.name):
            return None
        return _written(published, key, outcome)

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            environment = _environment(scope, self._default)
        except Rejected as rejected:
            await _reject(send, "", rejected)
        else:
            await self._notices.serve(environment, scope, receive, send)

    async def _bulk(
        self, scope: Scope, send: Send, environment: str, published: Published, asked: Asked
    ) -> None:
        evaluate = published.leased.evaluate
        answers = [
            msgspec.Raw(_written(published, key, evaluate(key, *asked)))
            for key in sorted(published.flags.keys)
        ]
        metadata = dict(published.flags.metadata)
        body = msgspec.json.encode(
            {"flags": answers, "metadata": metadata, "eventStreams": [self._stream(environment)]}
        )
        tag = etag_of(body)
        headers = [(b"etag", tag.encode()), (b"cache-control", b"no-cache")]
        if known_already(scope, tag):
            await respond(send, 304, headers=headers)
        else:
            await respond(send, 200, body, [JSON, *headers])

    def _stream(self, environment: str) -> dict[str, object]:
        plain = f"{EVENTS}?{urlencode({'environment': environment})}"
        address = self._tickets.address(environment) if self._tickets else plain
        return {
            "type": "sse",
            "endpoint": {"requestUri": address},
            "inactivityDelaySec": INACTIVITY_S,
        }


def _caller(scope: Scope) -> str:
    person = scope.get(PERSON)
    return person.name if person is not None else ""


async def _reject(send: Send, key: str, error: Rejected | TooLarge) -> None:
    if isinstance(error, Rejected):
        rejected = error
    else:
        text = f"a request has at most {BODY_LIMIT} bytes; send fewer attributes"
        rejected = Rejected(413, ErrorCode.INVALID_CONTEXT, text)
    body = msgspec.json.encode(_failure(key, rejected.code, str(rejected), {}))
    await respond(send, rejected.status, body, _JSON_ALONE)


_JSON_ALONE = (JSON,)


def _written(published: Published, key: str, outcome: Resolution) -> bytes:
    """Return an outcome as JSON; those that are built beforehand are written only once."""
    if outcome.error_code is not None:
        return msgspec.json.encode(_answer(key, outcome))
    held = published.answers.get(id(outcome))
    if held is None:
        held = (outcome, msgspec.json.encode(_answer(key, outcome)))
        published.answers[id(outcome)] = held
    return held[1]


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


def _asked(body: bytes) -> Asked:
    """Read a request. Raises Rejected."""
    try:
        request = msgspec.json.decode(body) if body else {}
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


def _environment(scope: Scope, default: str | None) -> str:
    """Return the environment that is asked for. Raises Rejected."""
    try:
        return selected(scope, default)
    except BadSelector as bad:
        raise Rejected(400, ErrorCode.GENERAL, str(bad)) from bad


def _published(board: FlagBoard, environment: str, key: str) -> Published:
    """Return the flags of an environment. Raises Rejected."""
    published = board.current(environment)
    if published is None:
        known = ", ".join(board.environments()) or "none"
        text = f"nothing is published for {environment!r}; environments with flags: {known}"
        if key:
            raise Rejected(404, ErrorCode.FLAG_NOT_FOUND, text)
        raise Rejected(400, ErrorCode.GENERAL, text)
    return published
