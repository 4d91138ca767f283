"""What a drill plays with: a database, servers, applications and people, all on loopback."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any  # what the API answers is JSON

import httpx

from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.adapters.stores.sqlite import FILE, SqliteStore
from phasegate.client.client import FlagClient
from phasegate.core.audit import verify
from phasegate.core.event import Event
from phasegate.core.evidence import Position, Tally
from phasegate.core.plan import Role
from phasegate.drills import telemetry
from phasegate.drills.plan import PLAN
from phasegate.drills.processes import PATIENCE_S, Broken, ServerProcess, until
from phasegate.drills.proxy import Wire
from phasegate.ports import Store
from phasegate.server.access import new_token
from phasegate.testing.postgres import Cluster

COMPONENTS = ("new_cart", "new_prices")
SENTINEL = "safety.critical"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that was measured. most: what the promise allows; None: it is told, not judged."""

    what: str
    value: float
    unit: str = "s"
    most: float | None = None


class Stage:
    """Everything of one drill. As a context manager it leaves nothing behind."""

    def __init__(self, cluster: Cluster | None = None) -> None:
        """Play on a new database of the cluster; without one, on the SQLite file of server one."""
        self._stack = ExitStack()
        self.cluster = cluster
        self._folder = tempfile.TemporaryDirectory(prefix="phasegate-drill-")
        self.folder = Path(self._folder.name)
        self.address = cluster.database() if cluster else "sqlite"
        self.store: Store = self._opened()
        self.servers: dict[str, ServerProcess] = {}
        self.tokens = {name: self._token(name, role) for name, role in _CAST.items()}
        self._http = httpx.Client(timeout=60.0, trust_env=False)
        self._stack.callback(self._http.close)

    def __enter__(self) -> Stage:
        """Play on it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all that was started."""
        try:
            self._stack.close()
        finally:
            for server in self.servers.values():
                server.end()
            self.store.close()
            self._folder.cleanup()

    def serve(
        self,
        name: str,
        *,
        address: str | None = None,
        wall: Path | None = None,
        wait: bool = True,
    ) -> ServerProcess:
        """Start a server and wait until it is ready, or else only until it answers."""
        server = ServerProcess(name, self.folder, address or self.address, wall)
        self.servers[name] = server
        if wait:
            until(f"server {name} is ready", lambda: self.is_ready(server))
        return server

    def wire(self) -> tuple[Wire, str]:
        """Lay a wire to the database; return it and the store's address over it."""
        assert self.cluster is not None, "a wire leads to PostgreSQL"
        wire = Wire(self.cluster.port)
        self._stack.callback(wire.close)
        return wire, self.address.replace(f":{self.cluster.port}/", f":{wire.port}/")

    def application(self, server: ServerProcess, name: str = "checkout") -> FlagClient:
        """Connect an application that evaluates flags in memory."""
        client = FlagClient(server.url, "drill", self.tokens["application"], name=name)
        self._stack.callback(client.close)
        if not client.wait_ready(PATIENCE_S):
            raise Broken(f"application {name} got no flags from server {server.name}")
        return client

    def start(self, server: ServerProcess, unattended: str = "15m", blind: str = "5m") -> str:
        """Have Ada start the plan, and wait until both components are exposed."""
        text = PLAN.replace("UNATTENDED", unattended).replace("BLIND", blind)
        answer = self.post(server, "/api/v1/runs", {"plan": text, "origin": "drill.yaml"})
        run = str(answer["log"])
        until("the exposure is confirmed", lambda: "exposure_confirmed" in self.kinds(run))
        return run

    def is_ready(self, server: ServerProcess) -> bool:
        """Say whether a server says that it is ready."""
        try:
            return self._http.get(f"{server.url}/health/ready").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def trouble(self, server: ServerProcess) -> str:
        """Return why a server says that it is not ready; empty if it is."""
        answer = self._http.get(f"{server.url}/health/ready")
        return str(answer.json()["why"] or "")

    def decides(self, server: ServerProcess) -> bool:
        """Say whether a server is the one that decides."""
        answer = self._http.get(f"{server.url}/metrics", headers=self._headers("ada"))
        return "phasegate_decides 1\n" in answer.text

    def get(self, server: ServerProcess, path: str, who: str = "ada") -> dict[str, Any]:
        """Ask a server something. Raises httpx.HTTPError."""
        answer = self._http.get(server.url + path, headers=self._headers(who))
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def post(
        self, server: ServerProcess, path: str, body: Mapping[str, Any], who: str = "ada"
    ) -> dict[str, Any]:
        """Tell a server something. Raises httpx.HTTPError."""
        answer = self._http.post(server.url + path, json=body, headers=self._headers(who))
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def visits(
        self, server: ServerProcess, client: FlagClient, first: int, count: int
    ) -> dict[str, Any]:
        """Have patients come by, and tell what they were served; return the body that was sent."""
        spans = []
        for number in range(first, first + count):
            subject = f"patient-{number}"
            variants = {key: variant_of(client, key, subject) for key in COMPONENTS}
            spans.append(telemetry.visit(subject, variants))
        body = telemetry.traces(spans)
        self.post(server, "/v1/traces", body, who="application")
        return body

    def silent_visit(self, number: int) -> dict[str, Any]:
        """Return a body that tells of a patient who was served neither component."""
        span = telemetry.visit(f"passer-by-{number}", {})
        return telemetry.traces([span])

    def alarm(self, server: ServerProcess, component: str = "new_cart") -> None:
        """Tell that somebody nearly came to harm, once: a sender would again after a 503."""
        try:
            self.post(server, "/v1/logs", telemetry.alarm(SENTINEL, component), who="application")
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code != 503:
                raise

    def traffic(self, server: ServerProcess, client: FlagClient) -> Callable[[], int]:
        """Have patients come by all the time; the function that is returned ends it."""
        over, sent = threading.Event(), [0]

        def come() -> None:
            while not over.wait(0.1):
                try:
                    self.visits(server, client, sent[0], 10)
                    sent[0] += 10
                except httpx.HTTPError:
                    continue

        thread = threading.Thread(target=come, daemon=True)
        thread.start()

        def end() -> int:
            over.set()
            thread.join()
            return sent[0]

        self._stack.callback(end)
        return end

    def kinds(self, run: str) -> list[str]:
        """Return the kinds of a run's events, as the store has them."""
        return [event.kind for event in self.store.events(run)]

    def event(self, run: str, kind: str) -> Event:
        """Return the only event of that kind. Raises Broken."""
        found = [event for event in self.store.events(run) if event.kind == kind]
        if len(found) != 1:
            raise Broken(f"{len(found)} events {kind} instead of one: {self.kinds(run)}")
        return found[0]

    def sound(self, run: str) -> None:
        """Prove that no event is lost, doubled or changed. Raises Broken."""
        flaws = verify(self.store.events(run))
        if flaws:
            raise Broken(f"the log of {run} is not whole: {flaws}")

    def open_again(self) -> None:
        """Connect to the store anew, after it was gone."""
        self.store.close()
        self.store = self._opened()

    def move(self) -> None:
        """Leave the database for a new and empty one."""
        assert self.cluster is not None, "it is played on PostgreSQL"
        self.address = self.cluster.database()
        self.open_again()

    def seen(self, run: str) -> int:
        """Return how many observations are stored, of the component nobody accuses."""
        return sum(tally.seen for tally in self._tallies(run))

    def subjects(self, run: str) -> int:
        """Return how many patients these are of."""
        return sum(tally.subjects for tally in self._tallies(run))

    def _tallies(self, run: str) -> list[Tally]:
        # Evidence ripens as it arrives; reading ahead of the clock would set a mark for others.
        rows = self.store.tallies(run, Position(), int(time.time() * 1000) - 1)
        return [
            row.tally
            for row in rows
            if (row.tally.series, row.tally.component) == ("error_rate", "new_prices")
        ]

    def _opened(self) -> Store:
        if self.cluster is not None:
            return PostgresStore(self.address)
        place = self.folder / "one"
        place.mkdir(exist_ok=True)
        return SqliteStore(place / FILE)

    def _token(self, name: str, role: Role) -> str:
        secret, token = new_token(name, role, datetime.now(UTC))
        self.store.add_token(token)
        return secret

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}


def variant_of(client: FlagClient, key: str, subject: str) -> str:
    """Return which version of a component a patient gets."""
    return str(client.evaluate(key, subject).variant)


def treated(client: FlagClient, key: str = "new_cart") -> int:
    """Count the patients of two hundred that get the new version."""
    return sum(variant_of(client, key, f"patient-{number}") == "on" for number in range(200))


_CAST = {"ada": Role.OPERATOR, "ben": Role.APPROVER, "application": Role.APPLICATION}
