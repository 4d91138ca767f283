"""The OpenFeature project's four providers for JavaScript, against a real server of ours.

They are installed by npm from tests/foreign/package-lock.json into a cache folder, once.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.flags.compile import compile_document
from phasegate.flags.document import FlagState, document
from phasegate.server.access import Gatekeeper, hash_of
from phasegate.server.board import FlagBoard
from phasegate.server.flagdweb import PREFIX, FlagdWeb
from phasegate.server.grpcsync import GrpcSync
from phasegate.server.ofrep import Ofrep
from phasegate.server.quick import Quick, QuickProtocol
from phasegate.server.tickets import Tickets

HERE = Path(__file__).parent
NODE, NPM = shutil.which("node"), shutil.which("npm")

pytestmark = pytest.mark.skipif(not (NODE and NPM), reason="Node is not on this machine")


@pytest.fixture(scope="module")
def installed() -> Path:
    """Return a folder that holds the providers and what asks them."""
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    place = cache / f"phasegate-foreign-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not (place / "complete").exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        order = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place)]
        done = subprocess.run(order, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, f"npm could not install the providers: {done.stderr[-400:]}"
        (place / "complete").touch()
    shutil.copy(HERE / "ask.mjs", place)
    return place


FLAGS: dict[str, Any] = {
    "yes": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"},
    "greeting": {"state": "ENABLED", "variants": {"hi": "hello"}, "defaultVariant": "hi"},
    "share": {"state": "ENABLED", "variants": {"half": 0.5}, "defaultVariant": "half"},
    "page": {"state": "ENABLED", "variants": {"a": {"size": 3}}, "defaultVariant": "a"},
    "by_country": {
        "state": "ENABLED",
        "variants": {"near": "near", "far": "far"},
        "defaultVariant": "far",
        "targeting": {"if": [{"in": [{"var": "country"}, ["MY", "SG"]]}, "near"]},
    },
    "disabled": {"state": "DISABLED", "variants": {"on": True}, "defaultVariant": "on"},
    "broken": {"state": "ENABLED", "variants": {}},
}


def whole(version: int, *states: FlagState) -> dict[str, Any]:
    rollouts = document("production", version, states)
    return {**rollouts, "flags": {**FLAGS, **rollouts["flags"]}}


MY = {"targetingKey": "patient-1", "country": "MY"}


def question(type_: str, key: str, fallback: Any, context: Any = MY) -> dict[str, Any]:
    return {"type": type_, "key": key, "fallback": fallback, "context": context}


QUESTIONS = [
    question("Boolean", "yes", False),
    question("String", "greeting", "-"),
    question("Number", "share", 0.1),
    question("Object", "page", {}),
    question("String", "by_country", "-"),
    question("String", "by_country", "-", {"targetingKey": "patient-2", "country": "DE"}),
    question("Boolean", "missing", True),
    question("Boolean", "new_cart", False),
]
VALUES = [True, "hello", 0.5, {"size": 3}, "near", "far", True]

KINDS = ["ofrep", "ofrep-web", "flagd", "flagd-web"]


class Asked:
    """A process that asks through one provider, told by us when to ask again."""

    def __init__(self, process: subprocess.Popen[str], questions: list[dict[str, Any]]) -> None:
        self._process = process
        self._tell(questions)

    def answers(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1][-2000:]
        return json.loads(line)

    def go_on(self) -> None:
        self._tell([])

    def _tell(self, what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(what)}\n")
        self._process.stdin.flush()


@pytest.fixture
def board() -> FlagBoard:
    return FlagBoard()


@pytest.fixture
def ask(
    board: FlagBoard,
    installed: Path,
    serve: Callable[..., Any],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Asked]]:
    tickets = Tickets(b"k" * 32)
    ofrep = Ofrep(board, "production", tickets=tickets)
    routes = {"/ofrep/": ofrep, PREFIX: FlagdWeb(board, "production")}

    async def route(scope: Any, receive: Any, send: Any) -> None:
        app = next(app for prefix, app in routes.items() if scope["path"].startswith(prefix))
        await app(scope, receive, send)

    shop = Person(name="shop", role=Role.APPLICATION)
    own = {hash_of("pg_secret"): shop}
    gate = Gatekeeper(route, MemoryStore(), own, tickets.opens)

    class Protocol(QuickProtocol):
        """What answers single evaluations at once in a server that people start."""

        quick = Quick(ofrep, gate.remembered)

    url = serve(gate, http=Protocol).url
    started: list[subprocess.Popen[str]] = []

    def start(kind: str, questions: list[dict[str, Any]]) -> Asked:
        port = 0
        if kind == "flagd":
            serve_grpc = request.getfixturevalue("serve_grpc")
            port = serve_grpc(lambda: GrpcSync(board, "production", None))
        order = [str(NODE), "ask.mjs", kind, url, str(port)]
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(order, cwd=installed, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        )
        return Asked(started[-1], questions)

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("kind", KINDS)
def test_it_resolves_every_type_and_hears_of_a_change(
    kind: str, board: FlagBoard, ask: Callable[..., Asked]
) -> None:
    board.publish("production", 1, whole(1, FlagState(key="new_cart", exposure=10_000)))

    asked = ask(kind, QUESTIONS)
    before = asked.answers()
    if kind == "ofrep":  # it asks the server each time and has nothing to hear
        board.publish("production", 2, whole(2, FlagState(key="new_cart", exposure=0)))
        asked.go_on()
    else:
        asked.go_on()
        asked.answers()
        board.publish("production", 2, whole(2, FlagState(key="new_cart", exposure=0)))
    after = asked.answers()

    assert [answer["value"] for answer in before] == [*VALUES, True]
    assert [answer["value"] for answer in after] == [*VALUES, False]
    assert before[6]["errorCode"] == "FLAG_NOT_FOUND"
    assert before[4]["reason"] == "TARGETING_MATCH"
    assert (before[4]["variant"], before[5]["variant"]) == ("near", "far")
    if kind != "flagd-web":  # it drops metadata
        assert before[0]["flagMetadata"]["flagSetId"] == "production"


@pytest.mark.parametrize("kind", ["flagd", "ofrep"])
def test_it_buckets_every_patient_as_we_do(
    kind: str, board: FlagBoard, ask: Callable[..., Asked]
) -> None:
    half = whole(1, FlagState(key="new_cart", exposure=5000))
    board.publish("production", 1, half)
    patients = [f"patient-{number}" for number in range(200)]

    answers = ask(
        kind, [question("Boolean", "new_cart", False, {"targetingKey": one}) for one in patients]
    ).answers()

    ours = compile_document(half)
    expected = [ours.evaluate("new_cart", one, {}).value for one in patients]
    assert [answer["value"] for answer in answers] == expected
    assert {True, False} == set(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_that_nobody_watches_is_off_in_it(
    kind: str, board: FlagBoard, ask: Callable[..., Asked]
) -> None:
    trial = FlagState(key="new_cart", exposure=10_000, on_trial=True)
    board.publish("production", 1, whole(1, trial))

    (answer,) = ask(kind, [question("Boolean", "new_cart", True)]).answers()

    assert answer["value"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_disabled_flag_leaves_the_value_to_the_application(
    kind: str, board: FlagBoard, ask: Callable[..., Asked]
) -> None:
    board.publish("production", 1, whole(1))

    (answer,) = ask(kind, [question("Boolean", "disabled", False)]).answers()

    assert answer["value"] is False
