"""A PostgreSQL for all tests of stores, started when the first one asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from phasegate.adapters.stores.postgres import PostgresStore
from phasegate.testing.postgres import FAST, PATIENCE_S, Cluster, NoPostgres


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


@pytest.fixture
def url(database: Callable[[], str]) -> str:
    return database()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    opened = PostgresStore(url, PATIENCE_S)
    yield opened
    opened.close()


@pytest.fixture
def other(url: str) -> Iterator[PostgresStore]:
    """Another server's store on the same database."""
    opened = PostgresStore(url, PATIENCE_S)
    yield opened
    opened.close()
