"""Who asks: every request but the health probes carries a token, and a token has one role."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.ports import Store, Token, Unavailable
from phasegate.server.bare import App, Receive, Scope, Send, header, refuse

OPEN_PATHS = ("/health/live", "/health/ready")

REMEMBERED_S = 5.0
"""How long a token is believed without asking the store: the longest a revoked one lives on."""

PATIENCE_S = 0.25
"""How long a request of somebody known waits for the store; then what was known is believed."""

AGAIN_S = 1.0
"""How long after the store did not answer it is asked again."""

BELIEVED_S = 3600.0
"""How long somebody known is believed while the store does not answer."""

MOST_REMEMBERED = 10_000
"""Tokens that are remembered at a time, before those that are past belief are forgotten."""

PERSON = "phasegate.person"

UNCHANGED = "Nothing was changed; try again when it is back."
"""What to do when the store does not answer."""


def new_token(name: str, role: Role, now: datetime) -> tuple[str, Token]:
    """Return a fresh secret, to be shown once, and the token to be stored for it."""
    secret = f"pg_{secrets.token_urlsafe(24)}"
    return secret, Token(hash=hash_of(secret), name=name, role=role, created=now)


def hash_of(secret: str) -> str:
    """Return what is stored of a secret. Secrets are random, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def evidence_only_from_those_who_may(app: App) -> App:
    """Keep viewers from sending telemetry: whoever writes evidence moves runs, both ways."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope[PERSON].role is Role.VIEWER:
            await refuse(
                send,
                403,
                "may-not",
                f"{scope[PERSON].name} is viewer and may not send telemetry",
                "Use an application's token: phasegate token create NAME --role application.",
            )
            return
        await app(scope, receive, send)

    return guarded


def streams_only_for_those_who_may(app: App) -> App:
    """Keep viewers from opening flag streams; reading what is served stays open to them.

    Whoever has a stream is leased what is on trial, and a run waits until it has confirmed: one
    that never does would hold up exposures and rollbacks.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        streams = scope["path"].startswith("/flags/v1/stream")
        if streams and scope[PERSON].role is Role.VIEWER:
            await refuse(
                send,
                403,
                "may-not",
                f"{scope[PERSON].name} is viewer and may not take part in a flag stream",
                "Use an application's token, or read /flags/v1/document, which waits for nobody.",
            )
            return
        await app(scope, receive, send)

    return guarded


class Gatekeeper:
    """ASGI wrapper: lets a request in with the person it belongs to, or answers 401."""

    def __init__(
        self,
        app: App,
        store: Store,
        own: Mapping[str, Person],
        opens: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        """own: people by the hash of a secret that lives in this process alone.

        opens: says whether what a request carries instead of a token opens what it asks.
        """
        self._app = app
        self._store = store
        self._own = own
        self._opens = opens
        # By the secret itself: hashing it would be a seventh of an OFREP request's work here.
        # Each was sent to us by whom the store knows, and few are.
        self._known: dict[str, _Known] = {}
        self._asked_in_vain = -AGAIN_S
        self._asking: dict[str, asyncio.Future[Person | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the token's person; whether they may is for the route to say."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            person = await self._person(scope)
        except Unavailable as error:
            await refuse(send, 503, "unavailable", str(error), UNCHANGED)
            return
        if person is None:
            await refuse(
                send,
                401,
                "no-token",
                "the request carries no token that is known here",
                "Send Authorization: Bearer TOKEN; make one with `phasegate token create`.",
            )
            return
        scope[PERSON] = person
        await self._app(scope, receive, send)

    async def _person(self, scope: Scope) -> Person | None:
        """Return whose token the request carries. Raises Unavailable for one that is not known."""
        secret = secret_of(scope)
        if not secret:
            return _TICKET_HOLDER if self._opens(scope) else None
        return await self.person(secret)

    async def person(self, secret: str) -> Person | None:
        """Return whom a secret belongs to. Raises Unavailable for one that is not known."""
        if not secret:
            return None
        person = self.remembered(secret)
        if person is not None:
            return person
        asking = self._asked(secret)
        known = self._known.get(secret)
        if known is None or time.monotonic() - known.at > BELIEVED_S:
            return await asyncio.shield(asking)
        # Telemetry and flags must flow while the store is away or slow: evidence of harm above all.
        await asyncio.wait({asking}, timeout=PATIENCE_S)
        if asking.done() and asking.exception() is None:
            return asking.result()
        self._asked_in_vain = time.monotonic()
        return known.person

    def known(self, secret: str) -> Person | None:
        """Return the person that a secret belongs to. May wait for the store; for threads."""
        return self.remembered(secret) or self._look_up(secret)

    def remembered(self, secret: str) -> Person | None:
        """Return who is known without asking the store."""
        known = self._known.get(secret)
        now = time.monotonic()
        if known is not None and (now - known.at < REMEMBERED_S or self._away(known, now)):
            return known.person
        return None

    def _away(self, known: _Known, now: float) -> bool:
        """Say whether the store did not answer a moment ago, so that nobody need wait for it."""
        return now - self._asked_in_vain < AGAIN_S and now - known.at < BELIEVED_S

    def _asked(self, secret: str) -> asyncio.Future[Person | None]:
        """Ask the store in a thread; one who is being asked for is not asked for again."""
        asking = self._asking.get(secret)
        if asking is None:
            asking = asyncio.ensure_future(asyncio.to_thread(self._look_up, secret))
            self._asking[secret] = asking
            asking.add_done_callback(lambda done: self._answered(secret, done))
        return asking

    def _answered(self, secret: str, done: asyncio.Future[Person | None]) -> None:
        del self._asking[secret]
        if done.cancelled() or done.exception() is not None:
            return
        person = done.result()
        if person is None:
            self._known.pop(secret, None)
            return
        now = time.monotonic()
        if len(self._known) >= MOST_REMEMBERED:
            self._known = {
                one: known for one, known in self._known.items() if now - known.at < BELIEVED_S
            }
        self._known[secret] = _Known(person=person, at=now)

    def _look_up(self, secret: str) -> Person | None:
        hashed = hash_of(secret)
        if hashed in self._own:
            return self._own[hashed]
        token = self._store.token(hashed)
        return Person(name=token.name, role=token.role) if token else None


@dataclass(frozen=True, kw_only=True)
class _Known:
    person: Person
    at: float


_TICKET_HOLDER = Person(name="holder of a ticket", role=Role.APPLICATION)


def secret_of(scope: Scope) -> str:
    """Return the secret that a request carries; empty where it carries none."""
    scheme, _, secret = header(scope, b"authorization").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else header(scope, b"x-api-key")
