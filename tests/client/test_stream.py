"""The connection comes back: soon at first, then seldom, and never all at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from phasegate.client import FlagClient
from phasegate.client.stream import LATEST_RETRY_S, SOONEST_RETRY_S, pauses, unique
from phasegate.flags.document import FlagState


def longest(_: float, most: float) -> float:
    return most


def test_pauses_double_up_to_the_longest() -> None:
    seen = list(islice(pauses(longest), 8))

    assert seen == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert (seen[0], seen[-1]) == (SOONEST_RETRY_S, LATEST_RETRY_S)


def test_clients_that_lost_a_server_together_come_back_apart() -> None:
    lot = random.Random(7)
    thousand = [sum(islice(pauses(lot.uniform), 7)) for _ in range(1_000)]

    # Half of each pause is by lot: no tenth of a second brings more than a tenth of the clients.
    tenths = [int(at * 10) for at in thousand]
    assert max(tenths.count(tenth) for tenth in set(tenths)) < 100
    assert 5.65 <= min(thousand) < max(thousand) <= 11.3


def test_after_a_document_a_client_begins_with_short_pauses_again(
    plane: Any, connect: Callable[..., FlagClient], until: Callable[..., None]
) -> None:
    plane.publish(1, FlagState(key="new_cart", exposure=10_000))
    connect().wait_ready(5)

    for _ in range(6):  # growing, these would take 5 s and more
        plane.go_down()
        plane.come_back()
        until(lambda: plane.board.acknowledged("production", 1).behind == (), within_s=2)
        until(lambda: plane.board.acknowledged("production", 1).connected == 1, within_s=2)


@pytest.mark.parametrize("name", ["checkout", ""])
def test_every_process_has_a_name_of_its_own(name: str) -> None:
    assert unique(name) != unique(name)
    assert unique(name).startswith(name)
