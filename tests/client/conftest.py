"""A flag board behind a real server, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from phasegate.client import FlagClient
from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.flagstream import flagstream


class ControlPlane:
    """A board that is served, may go down, and may come back on the same port."""

    def __init__(self, serve: Callable[..., Any]) -> None:
        self._serve = serve
        self.board = FlagBoard()
        self.server = serve(flagstream(self.board, "production", keep_alive_s=0.2))
        self.url: str = self.server.url

    def publish(self, version: int, *states: FlagState) -> None:
        self.board.publish("production", version, document("production", version, states))

    def behind(self, version: int) -> tuple[str, ...]:
        return self.board.acknowledged("production", version).behind

    def go_down(self) -> None:
        self.server.stop()

    def come_back(self, board: FlagBoard | None = None) -> None:
        self.board = board or self.board
        self.server = self._serve(flagstream(self.board, "production"), self.server.port)


@pytest.fixture
def plane(serve: Callable[..., Any]) -> ControlPlane:
    return ControlPlane(serve)


@pytest.fixture
def connect(plane: ControlPlane) -> Iterator[Callable[..., FlagClient]]:
    """Connect clients that are closed when the test ends."""
    clients: list[FlagClient] = []

    def start(**options: Any) -> FlagClient:
        clients.append(FlagClient(plane.url, "production", **options))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
