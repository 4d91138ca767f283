"""Evaluations that are answered at once: the same bytes as the long way, for any request."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.flags.document import FlagState, document
from phasegate.server.access import Gatekeeper, hash_of
from phasegate.server.bare import Header
from phasegate.server.board import FlagBoard
from phasegate.server.ofrep import BODY_LIMIT, Ofrep
from phasegate.server.pace import Pace
from phasegate.server.quick import LONGEST_HEAD, MOST_HEADS, Quick, QuickProtocol

SECRET = "pg_secret"
SHOP = Person(name="shop", role=Role.APPLICATION)
STATES = [
    FlagState(key="new_cart", exposure=10_000),
    FlagState(key="half", exposure=5_000),
    FlagState(key="trial", exposure=10_000, on_trial=True),
]


class Counting(Quick):
    """Counts what was answered at once."""

    count = 0

    def answer(self, request: bytes, default: list[Header]) -> bytes | None:
        found = super().answer(request, default)
        self.count += bool(found)
        return found


class Place:
    """One control plane behind two servers: `fast` answers at once where it can, `slow` never."""

    def __init__(self, serve: Callable[..., Any], pace: Pace | None = None) -> None:
        self.board = FlagBoard()
        self.board.publish("production", 1, document("production", 1, STATES))
        self.board.publish("staging", 1, document("staging", 1, []))
        ofrep = Ofrep(self.board, "production", pace=pace)
        self.own = {hash_of(SECRET): SHOP}
        gate = Gatekeeper(ofrep, MemoryStore(), self.own)
        self.quick = quick = Counting(ofrep, gate.remembered)

        class Protocol(QuickProtocol):
            pass

        Protocol.quick = quick
        self.fast = serve(gate, http=Protocol).port
        self.slow = serve(gate, http="httptools").port

    def ask(self, port: int, *parts: bytes, answers: int = 1) -> list[bytes]:
        """Send a request in parts over one connection; return what came but the date."""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found = []
            for part in parts:
                link.sendall(part)
            with link.makefile("rb") as read:
                for _ in range(answers):
                    found.append(one_answer(read))
        return found


def one_answer(read: Any) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = read.readline()
        if not line:
            return head
        head += b"" if line.startswith(b"date:") else line
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head + read.read(length)


@pytest.fixture
def place(serve: Callable[..., Any]) -> Place:
    made = Place(serve)
    made.ask(made.fast, request())  # who asks is remembered from here on
    return made


def request(
    key: str = "new_cart",
    context: Any = None,
    *headers: str,
    method: str = "POST",
    version: str = "1.1",
    token: str = SECRET,
    body: bytes | None = None,
) -> bytes:
    if body is None:
        body = json.dumps({"context": context or {"targetingKey": "patient-1"}}).encode()
    lines = [
        f"{method} /ofrep/v1/evaluate/flags/{key} HTTP/{version}",
        "host: here",
        f"authorization: Bearer {token}",
        f"content-length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


AT_ONCE = {
    "a flag": request(),
    "a share": request("half", {"targetingKey": "patient-7", "ward": "ICU"}),
    "a trial that nobody watches": request("trial"),
    "a connection that is to stay": request("new_cart", None, "Connection: keep-alive"),
    "a trace": request("new_cart", None, f"traceparent: 00-{'a1' * 16}-{'b2' * 8}-01"),
    "a trace that is none": request("new_cart", None, "traceparent: 00-xyz"),
    "a selector": request("new_cart", None, "flagd-selector: flagSetId=production"),
    "no body": request(body=b""),
}


@pytest.mark.parametrize("what", AT_ONCE)
def test_an_ordinary_request_is_answered_at_once_with_the_same_bytes(
    place: Place, what: str
) -> None:
    asked = AT_ONCE[what]

    fast = [place.ask(place.fast, asked) for _ in range(2)]

    assert place.quick.count >= 2
    assert fast == [place.ask(place.slow, asked)] * 2
    assert fast[0][0].startswith(b"HTTP/1.1 200")


THE_LONG_WAY = {
    "no such flag": request("nothing"),
    "another environment": request("new_cart", None, "flagd-selector: flagSetId=staging"),
    "a selector that is none": request("new_cart", None, "flagd-selector: source=x"),
    "no token": request(token=""),
    "a token that is nobody's": request(token="pg_other"),
    "no JSON": request(body=b"{"),
    "a context that is none": request(body=b'{"context": 7}'),
    "a strange targeting key": request(body=b'{"context": {"targetingKey": 7}}'),
    "another method": request(method="PUT"),
    "an older protocol": request(version="1.0"),
    "a connection that is to close": request("new_cart", None, "connection: close"),
    "a page of another origin": request("new_cart", None, "origin: https://here"),
    "an escaped key": request("new%5Fcart"),
    "a query": request("new_cart?environment=production"),
    "all flags": request(""),
    "a long body": request(body=b" " * (BODY_LIMIT + 1)),
    "two lengths": request("new_cart", None, "content-length: 3"),
    "no protocol": b"POST /ofrep/v1/evaluate/flags/new_cart\r\n\r\n",
    "a long head": request("new_cart", None, f"cookie: {'x' * LONGEST_HEAD}"),
    "nonsense in the head": request("new_cart", None, "a b: c"),
}


@pytest.mark.parametrize("what", THE_LONG_WAY)
def test_an_unusual_request_has_the_answer_that_it_always_had(place: Place, what: str) -> None:
    before = place.quick.count

    fast = place.ask(place.fast, THE_LONG_WAY[what])

    assert fast == place.ask(place.slow, THE_LONG_WAY[what])
    assert place.quick.count == before


def test_a_request_in_parts_and_two_at_once_are_answered_in_order(place: Place) -> None:
    half = request("half")
    chunked = (
        b"POST /ofrep/v1/evaluate/flags/half HTTP/1.1\r\nhost: h\r\n"
        b"authorization: Bearer pg_secret\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    wire = [
        (half[:5], half[5:60], half[60:], request()),
        (half[:-3], half[-3:], half, half),
        (half + request() + half, request("half")),
        (request(body=b"")[:-4], b"\r\nflagd-selector: flagSetId=staging\r\n\r\n", half),
        (half[: half.index(b"{")], half[half.index(b"{") :], half),
        (chunked, b"2\r\n{}\r\n0\r\n\r\n", request()),
    ]
    counts = (2, 3, 4, 2, 2, 2)

    for parts, count in zip(wire, counts, strict=True):
        fast = place.ask(place.fast, *parts, answers=count)
        assert fast == place.ask(place.slow, *parts, answers=count)


def test_a_body_that_is_cut_off_is_waited_for(place: Place) -> None:
    whole = request()

    (answer,) = place.ask(place.fast, whole[:-4], whole[-4:])

    assert answer.startswith(b"HTTP/1.1 200")


def test_a_new_document_and_the_end_of_a_lease_are_seen_at_once(place: Place) -> None:
    def value(key: str) -> object:
        return json.loads(place.ask(place.fast, request(key))[0].partition(b"\r\n\r\n")[2])["value"]

    seen = [value("new_cart"), value("trial")]
    place.board.beat("production", 60_000)
    seen.append(value("trial"))
    place.board.beat("production", 0)
    seen.append(value("trial"))
    off = [FlagState(key="new_cart", exposure=0)]
    place.board.publish("production", 2, document("production", 2, off))
    seen.append(value("new_cart"))

    assert seen == [True, False, True, False, False]


def test_the_public_provider_is_answered_at_once(place: Place) -> None:
    provider = OFREPProvider(f"http://127.0.0.1:{place.fast}", headers_factory=_headers)
    context = EvaluationContext("patient-1", {"ward": "ICU"})

    found = [provider.resolve_boolean_details("new_cart", False, context) for _ in range(2)]

    assert [one.value for one in found] == [True, True]
    assert found[0].variant == "on"
    assert place.quick.count == 2


def _headers() -> dict[str, str]:
    return {"authorization": f"Bearer {SECRET}"}


@pytest.fixture
def people() -> dict[str, Person]:
    return {SECRET: SHOP}


@pytest.fixture
def quick(people: dict[str, Person]) -> Quick:
    board = FlagBoard()
    board.publish("production", 1, document("production", 1, STATES))
    return Quick(Ofrep(board, "production"), people.get)


def test_whoever_is_remembered_no_more_takes_the_long_way(
    quick: Quick, people: dict[str, Person]
) -> None:
    before = quick.answer(request(), [])

    people.clear()

    assert before
    assert quick.answer(request(), []) is None
    assert quick.answer(request()[:-1], []) is None


def test_only_so_many_heads_are_remembered(quick: Quick) -> None:
    asked = [request("new_cart", None, f"x-request: {number}") for number in range(MOST_HEADS + 9)]

    assert all(quick.answer(one, []) for one in asked)

    assert len(quick._heads) == 9


def test_whoever_asks_too_often_is_told_so(serve: Callable[..., Any]) -> None:
    place = Place(serve, Pace(3, clock=lambda: 1.0))

    answers = [place.ask(place.fast, request())[0][:12] for _ in range(5)]

    assert answers == [b"HTTP/1.1 200"] * 3 + [b"HTTP/1.1 429"] * 2
    assert place.quick.count == 2
