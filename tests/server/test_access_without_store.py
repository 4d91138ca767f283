"""Who is let in, also while the store does not answer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.ports import Token, Unavailable
from phasegate.server import access
from phasegate.server.access import PERSON, Gatekeeper, new_token
from phasegate.testing.checkout import NOON


class Door(MemoryStore):
    """A store of tokens that can go away, or be held up, and counts who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.away, self.asked, self.answered = False, 0, 0
        self.flows = threading.Event()
        self.flows.set()

    def token(self, hash: str) -> Token | None:
        self.asked += 1
        self.flows.wait(60)
        self.answered += 1
        if self.away:
            raise Unavailable("the store is gone")
        return super().token(hash)


class House:
    """A gatekeeper in front of an app that says who came in."""

    def __init__(self) -> None:
        self.store = Door()
        self.secret, token = new_token("Cleo", Role.VIEWER, NOON)
        self.store.add_token(token)
        self.gate = Gatekeeper(self.app, self.store, {})
        self.entered: list[Person] = []

    async def app(self, scope: Any, _: Any, send: Any) -> None:
        self.entered.append(scope[PERSON])
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def knock(self, secret: str) -> int:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        headers = [(b"authorization", f"Bearer {secret}".encode())]
        scope = {"type": "http", "path": "/v1/traces", "headers": headers}
        await self.gate(scope, None, send)  # type: ignore[arg-type]  # nothing is read
        return statuses[0]

    def forget_freshness(self) -> None:
        """Let more time pass than a token is believed without asking."""
        known = self.gate._known
        for key, one in list(known.items()):
            known[key] = access._Known(person=one.person, at=one.at - access.REMEMBERED_S)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    """No time passes that a test does not let pass, however long the machine takes."""
    for name in ("REMEMBERED_S", "PATIENCE_S", "AGAIN_S"):
        monkeypatch.setattr(access, name, 60.0)
    return House()


def test_a_token_is_asked_for_once_in_a_while(house: House) -> None:
    async def come() -> list[int]:
        return [await house.knock(house.secret) for _ in range(3)]

    assert asyncio.run(come()) == [204, 204, 204]
    assert house.store.asked == 1
    assert house.entered[0] == Person(name="Cleo", role=Role.VIEWER)


def test_an_unknown_token_is_refused(house: House) -> None:
    assert asyncio.run(house.knock("pg_nothing")) == 401


def test_somebody_known_is_let_in_while_the_store_is_away(house: House) -> None:
    async def come() -> list[int]:
        first = await house.knock(house.secret)
        house.forget_freshness()
        house.store.away = True
        return [first, *[await house.knock(house.secret) for _ in range(3)]]

    assert asyncio.run(come()) == [204, 204, 204, 204]
    assert house.store.asked == 2


def test_somebody_known_does_not_wait_for_a_store_that_is_slow(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "PATIENCE_S", 0.01)

    async def come() -> tuple[int, int]:
        await house.knock(house.secret)
        house.forget_freshness()
        house.store.flows.clear()
        status = await house.knock(house.secret)
        answered = house.store.answered
        house.store.flows.set()
        return status, answered

    assert asyncio.run(come()) == (204, 1), "in, while the store has answered the first time only"


def test_somebody_unknown_is_told_that_the_store_is_away(house: House) -> None:
    house.store.away = True

    assert asyncio.run(house.knock(house.secret)) == 503


def test_a_token_that_was_taken_back_opens_nothing_once_the_store_has_said_so(
    house: House,
) -> None:
    async def come() -> list[int]:
        first = await house.knock(house.secret)
        house.store.add_token(new_token("Cleo", Role.VIEWER, NOON)[1])
        house.forget_freshness()
        return [first, await house.knock(house.secret)]

    assert asyncio.run(come()) == [204, 401]
