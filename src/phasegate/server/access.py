"""Who asks: every request but the health probes carries a token, and a token has one role."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.ports import Store, Token, Unavailable
from phasegate.server.bare import App, Receive, Scope, Send, header, refuse

OPEN_PATHS = ("/health/live", "/health/ready")

REMEMBERED_S = 5.0
"""How long a token is believed without asking the store: the longest a revoked one lives on."""

MOST_REMEMBERED = 10_000
"""Tokens that are believed at a time, before those that are not used are looked for."""

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
        # Each was sent to us; at most MOST_REMEMBERED of them are in memory at a time.
        self._known: dict[str, tuple[float, Person]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the token's person; whether they may is for the route to say."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            person = self._person(scope)
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

    def _person(self, scope: Scope) -> Person | None:
        secret = _secret(scope)
        if not secret:
            return _TICKET_HOLDER if self._opens(scope) else None
        return self.known(secret)

    def known(self, secret: str) -> Person | None:
        """Return the person that a secret belongs to. May ask the store."""
        now = time.monotonic()
        held = self._known.get(secret)
        if held is not None and now < held[0]:
            return held[1]
        person = self._asked(hash_of(secret))
        if len(self._known) >= MOST_REMEMBERED:
            self._known = {one: kept for one, kept in self._known.items() if now < kept[0]}
        self._known.pop(secret, None)
        if person is not None:
            self._known[secret] = (now + REMEMBERED_S, person)
        return person

    def _asked(self, hashed: str) -> Person | None:
        if hashed in self._own:
            return self._own[hashed]
        token = self._store.token(hashed)
        return Person(name=token.name, role=token.role) if token else None


_TICKET_HOLDER = Person(name="holder of a ticket", role=Role.APPLICATION)


def _secret(scope: Scope) -> str:
    scheme, _, secret = header(scope, b"authorization").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else header(scope, b"x-api-key")
