"""The connection comes back: soon at first, then seldom, and never all at once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from itertools import islice, pairwise
from typing import Any

import pytest

from phasegate.client.inforce import InForce
from phasegate.client.stream import LATEST_RETRY_S, SOONEST_RETRY_S, Stream, pauses, unique
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
    plane: Any, until: Callable[..., None]
) -> None:
    told: list[float | str] = []

    class Told(InForce):
        """Tells when a document is in force and confirmed: its lease comes next."""

        def lease(self, remaining_ms: float | None, sent_ms: float | None) -> None:
            super().lease(remaining_ms, sent_ms)
            told.append("lease")

    class Pauses(threading.Event):
        """Tells for how long is waited."""

        def wait(self, timeout: float | None = None) -> bool:
            told.append(timeout or 0.0)
            return super().wait(timeout)

    plane.publish(1, FlagState(key="new_cart", exposure=10_000))
    stream = Stream(plane.url, "production", None, "checkout", Told(None))
    stream._closing = Pauses()
    stream.start()

    for leases in range(1, 6):
        until(lambda leases=leases: told.count("lease") == leases)
        plane.go_down()
        plane.come_back()
    until(lambda: told.count("lease") == 6)
    stream.close()

    first = [after for before, after in pairwise(told) if before == "lease"]
    assert len(first) >= 5
    assert all(isinstance(pause, float) and pause <= SOONEST_RETRY_S for pause in first)


@pytest.mark.parametrize("name", ["checkout", ""])
def test_every_process_has_a_name_of_its_own(name: str) -> None:
    assert unique(name) != unique(name)
    assert unique(name).startswith(name)
