"""Every drill keeps its promise, against real processes and a real PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from phasegate.drills.all import DRILLS
from phasegate.drills.drill import carry_out
from phasegate.testing.postgres import Cluster, NoPostgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that writes to the disk as in life, since drills end it the hard way."""
    try:
        made = Cluster()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    with made:
        yield made


SLACK_S = 30.0
"""What a busy machine may take longer; `phasegate drill` allows nothing."""


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", DRILLS)
def test_a_promise_is_kept(name: str, cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "phasegate.client")

    assert carry_out(DRILLS[name], lambda: cluster, SLACK_S)


def test_every_drill_says_what_is_promised() -> None:
    assert all(drill.fault and drill.promise for drill in DRILLS.values())
