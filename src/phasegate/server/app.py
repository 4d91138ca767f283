"""One server: flags out, telemetry in, the control API, and the engine behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any  # Any: a flag document is JSON

import httpx

from phasegate.core.command import Person
from phasegate.core.plan import Role
from phasegate.engine.clock import SteadyClock, utc_now
from phasegate.ports import Token, Unavailable
from phasegate.server import flagdweb
from phasegate.server.access import (
    Gatekeeper,
    evidence_only_from_those_who_may,
    new_token,
    streams_only_for_those_who_may,
)
from phasegate.server.api import Api
from phasegate.server.bare import App, Receive, Scope, Send
from phasegate.server.board import FlagBoard
from phasegate.server.flagstream import flagstream
from phasegate.server.ofrep import Ofrep
from phasegate.server.origins import Origins
from phasegate.server.otlp import otlp_app
from phasegate.server.pace import Pace
from phasegate.server.quick import Quick
from phasegate.server.receiving import Receiver
from phasegate.server.tickets import Tickets
from phasegate.settings import Settings
from phasegate.wiring import Engine

if TYPE_CHECKING:
    from phasegate.server.grpcotlp import GrpcOtlp
    from phasegate.server.grpcsync import GrpcSync


class Server:
    """The ASGI application. The hot routes are bare functions in front of the API's router."""

    def __init__(self, settings: Settings, wall: Callable[[], datetime] = utc_now) -> None:
        """Open the store and put everything together; nothing runs before the ASGI lifespan."""
        clock = SteadyClock(wall)
        self._settings = settings
        self._stopped = False
        self.grpc_port: int | None = None
        self.otlp_grpc_port: int | None = None
        secret, own = new_token("phasegate itself", Role.VIEWER, clock())
        self.board = FlagBoard()
        self._own_client = _own_client(settings.url, secret)
        self.engine = Engine(
            settings,
            self.board,
            _read_back(self._own_client),
            clock,
            {"PHASEGATE_URL": settings.url, "PHASEGATE_TOKEN": secret},
        )
        self.board.when_acknowledged = self.engine.wake
        receiver = Receiver(self.engine.intake, lambda: clock().timestamp())
        tickets = Tickets(self.engine.store.secret("tickets"))
        ofrep = self._ofrep(tickets)
        api = Api(self.engine, clock, receiver, settings.plans)
        self._routes = self._routed(ofrep, receiver, api)
        gate = self._guarded(own, tickets)
        self.quick = Quick(ofrep, gate.remembered)
        self._entry = self._opened(gate)
        self._grpc = None if settings.grpc_port is None else self._sync(settings, gate)
        self._otlp = None if settings.otlp_grpc_port is None else self._receiving(receiver, gate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection or the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._entry(scope, receive, send)

    def start(self) -> None:
        """Begin to decide; the lifespan calls it."""
        self.engine.start()

    def stop(self) -> None:
        """End streams, finish the round under way, release everything; once is enough."""
        if self._stopped:
            return
        self._stopped = True
        self.board.close()
        self.engine.stop()
        self._own_client.close()

    def _ofrep(self, tickets: Tickets) -> Ofrep:
        rate = self._settings.flag_rate
        pace = Pace(rate) if rate else None
        return Ofrep(self.board, self._settings.environment, tickets=tickets, pace=pace)

    def _routed(self, ofrep: Ofrep, receiver: Receiver, api: Api) -> tuple[tuple[str, App], ...]:
        home = self._settings.environment
        return (
            ("/ofrep/", ofrep),
            (flagdweb.PREFIX, flagdweb.FlagdWeb(self.board, home)),
            ("/flags/", streams_only_for_those_who_may(flagstream(self.board, home))),
            ("/v1/", evidence_only_from_those_who_may(otlp_app(receiver))),
            ("/", api.app()),
        )

    def _guarded(self, own: Token, tickets: Tickets) -> Gatekeeper:
        known = {own.hash: Person(name=own.name, role=own.role)}
        return Gatekeeper(self._route, self.engine.store, known, tickets.opens)

    def _opened(self, gate: Gatekeeper) -> App:
        """Let pages of the origins that were named evaluate flags."""
        origins = self._settings.origins
        return Origins(gate, origins, ("/ofrep/", flagdweb.PREFIX)) if origins else gate

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        for prefix, app in self._routes:
            if path.startswith(prefix):
                await app(scope, receive, send)
                return

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(self.start)
                await self._listen()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._hang_up()
                await asyncio.to_thread(self.stop)
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _sync(self, settings: Settings, gate: Gatekeeper) -> GrpcSync:
        # grpcio is an extra of its own: whoever does not serve flagd's sync does not need it.
        from phasegate.server.grpcsync import GrpcSync  # noqa: PLC0415

        known = None if settings.grpc_open else gate.known
        return GrpcSync(self.board, settings.environment, known)

    def _receiving(self, receiver: Receiver, gate: Gatekeeper) -> GrpcOtlp:
        from phasegate.server.grpcotlp import GrpcOtlp  # noqa: PLC0415 as above

        return GrpcOtlp(receiver, gate.person)

    async def _listen(self) -> None:
        host = self._settings.host
        if self._grpc is not None:
            self.grpc_port = await self._grpc.start(host, self._settings.grpc_port or 0)
        if self._otlp is not None:
            port = self._settings.otlp_grpc_port or 0
            self.otlp_grpc_port = await self._otlp.start(host, port)

    async def _hang_up(self) -> None:
        for served in (self._grpc, self._otlp):
            if served is not None:
                await served.stop()


def _own_client(url: str, secret: str) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {secret}"},
        timeout=2.0,
        trust_env=False,
    )


def _read_back(client: httpx.Client) -> Callable[[str], dict[str, Any]]:
    def read(environment: str) -> dict[str, Any]:
        try:
            answer = client.get("/flags/v1/published", params={"environment": environment})
            answer.raise_for_status()
            document: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"flags cannot be read back ({type(error).__name__})") from error
        return document

    return read
