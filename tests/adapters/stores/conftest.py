"""A PostgreSQL for all tests of stores, started when the first one asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from phasegate.testing.postgres import FAST, Cluster, NoPostgres


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    try:
        made = Cluster(FAST)
    except NoPostgres as missing:
        pytest.skip(str(missing))
    with made:
        yield made


@pytest.fixture
def database(cluster: Cluster) -> Callable[[], str]:
    """Make an empty database and return its URL."""
    return cluster.database
