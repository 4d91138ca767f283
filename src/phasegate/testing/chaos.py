"""A town under attack, on a virtual clock: servers that die and stall, applications that get lost.

Everything is real but time, the network and patients: engines, stores, boards, telemetry, judging.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any  # a flag document is JSON

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.flags.compile import FlagSet, compile_document
from phasegate.ports import Unavailable
from phasegate.server.board import FlagBoard
from phasegate.server.streams import Stream
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.testing.crash import Crash, Fuse
from phasegate.testing.dial import Dial
from phasegate.testing.world import World

ENVIRONMENT = "staging"


class Process:
    """One server's life: it ends where its fuse does, and may be stalled until then."""

    def __init__(self, name: str, store: MemoryStore, dial: Dial) -> None:
        """Begin at once; nothing is known but what the store has."""
        self.fuse = Fuse(-1)
        self.alive = True
        self.stalled_until = 0.0
        self.board = FlagBoard(clock=lambda: dial().timestamp(), wall=lambda: dial().timestamp())
        self._dial = dial
        self.world = World(
            store=store,
            board=self.board,
            fuse=self.fuse,
            dial=dial,
            name=name,
            passing=lambda: dial().timestamp(),
        )

    @property
    def works(self) -> bool:
        """Whether it is alive and not stalled."""
        return self.alive and self._dial().timestamp() >= self.stalled_until

    def round(self) -> None:
        """Take a round, unless it is dead or stalled, or dies of it."""
        if self.works:
            try:
                self.world.round()
            except Crash:
                self.alive = False
            except Unavailable:
                return

    def take(self, told: list[Observation]) -> bool:
        """Take telemetry in; True once all of it is stored."""
        if not self.works or not self.world.tallier.knows_what_to_look_for:
            return False
        try:
            now = self._dial().timestamp()
            self.world.intake.take(told, now)
            return self.world.intake.flush(now)
        except Crash:
            self.alive = False
            return False


@dataclass(kw_only=True)
class Application:
    """Serves what it was told until its lease ends, whether or not anybody reaches it.

    lost_until    until then it reaches nobody. reported: its server has told the store of it.
    """

    name: str
    dial: Dial
    loop: asyncio.AbstractEventLoop
    server: Process | None = None
    stream: Stream | None = None
    flags: FlagSet = field(default_factory=lambda: compile_document({"flags": {}}))
    on_trial: frozenset[str] = frozenset()
    deadline: float = float("-inf")
    lost_until: float = 0.0

    @property
    def is_lost(self) -> bool:
        """Whether it reaches nobody at present."""
        return self.dial().timestamp() < self.lost_until

    def variant(self, flag: str, subject: str) -> str:
        """Return which version a subject gets now."""
        if flag not in self.flags.keys:
            return "off"
        if flag in self.on_trial and self.dial().timestamp() >= self.deadline:
            return "off"
        return str(self.flags.evaluate(flag, subject, {}).variant)

    def treats(self, flag: str) -> bool:
        """Say whether anybody could get the new version here."""
        return any(self.variant(flag, f"probe-{number}") == "on" for number in range(200))

    def poll(self, servers: list[Process]) -> None:
        """Take what the server has to say, and confirm it; look for another where it is gone."""
        if self.is_lost or (self.server is not None and not self.server.alive):
            self._leave()
        if self.stream is None and not self.is_lost:
            self._connect([each for each in servers if each.works])
        if self.server is not None and self.stream is not None and self.server.works:
            self._listen(self.server.board, self.stream)

    def _listen(self, board: FlagBoard, stream: Stream) -> None:
        news = board.news(stream)
        if news.ended:
            self._leave()
            return
        if news.lease is not None:
            self.deadline = news.lease
        if news.published is not None:
            self._apply(json.loads(news.published.body))
        if stream.sent >= 0:
            board.acknowledge(stream.id, stream.sent)

    def _apply(self, document: dict[str, Any]) -> None:
        self.flags = compile_document(document)
        self.on_trial = frozenset(
            key
            for key, flag in document["flags"].items()
            if flag.get("metadata", {}).get("onTrial")
        )

    def _connect(self, servers: list[Process]) -> None:
        if servers:
            self.server = servers[0]
            self.stream = self.loop.run_until_complete(self._opened(self.server.board))

    async def _opened(self, board: FlagBoard) -> Stream:
        return board.open(ENVIRONMENT, self.name)

    def _leave(self) -> None:
        if self.server is not None and self.stream is not None and self.server.alive:
            self.server.board.leave(self.stream)
        self.server = self.stream = None


@dataclass(kw_only=True)
class Harm:
    """What is wrong with the new versions: shares of treated requests that fail or do harm."""

    failing: dict[str, float] = field(default_factory=dict)
    harming: dict[str, float] = field(default_factory=dict)


def visit(
    app: Application, flags: tuple[str, ...], harm: Harm, chance: random.Random
) -> list[Observation]:
    """Return what one patient's visit to an application leaves in telemetry."""
    subject, at_s = f"patient-{chance.randrange(10**9)}", app.dial().timestamp()
    variants = {flag: app.variant(flag, subject) for flag in flags}
    treated = [flag for flag, variant in variants.items() if variant == "on"]
    failed = any(chance.random() < harm.failing.get(flag, 0.0) for flag in treated)
    exposures = tuple(Exposure(k, v, subject, ENVIRONMENT) for k, v in variants.items())
    span = Observation(None, subject, {"error": failed, "duration": 20.0}, at_s, exposures)
    said = {"feature_flag.set.id": ENVIRONMENT}
    return [
        span,
        *(
            Observation(
                "safety.critical", subject, {**said, "phasegate.component": flag}, at_s + 0.001
            )
            for flag in treated
            if chance.random() < harm.harming.get(flag, 0.0)
        ),
    ]


def seconds(number: float) -> timedelta:
    """Return so many seconds."""
    return timedelta(seconds=number)
