"""Levels and counts from a SQL database, through SQLAlchemy's engine and nothing more of it.

The query is the user's own, run as they wrote it in a transaction that reads only and is rolled
back. {since} and the like are bound parameters (`:since`), so that nothing is ever pasted into SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any  # rows of anything

import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from phasegate.adapters.metrics import rows
from phasegate.adapters.metrics.credentials import Reached, endpoint_of
from phasegate.core.plan import Metric
from phasegate.ports import ArmCount, CountQuestion, NoData, Unavailable

MOST_ROWS = 100_000
CONNECT_S, READ_S = 5, 15

DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""What a plain name of a database means; every other name is a dialect of SQLAlchemy's."""

OPTIONS: Mapping[str, dict[str, object]] = {
    "postgresql": {
        "connect_timeout": CONNECT_S,
        "options": f"-c default_transaction_read_only=on -c statement_timeout={READ_S * 1000}",
    },
    "mysql": {"connect_timeout": CONNECT_S, "read_timeout": READ_S},
    "mariadb": {"connect_timeout": CONNECT_S, "read_timeout": READ_S},
    "sqlite": {"timeout": CONNECT_S},
    "duckdb": {"read_only": True},
}
"""How the driver of a dialect is told to wait no longer than a turn can spare."""

READ_ONLY = {
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
"""What is said on a new connection; PostgreSQL and DuckDB are told when it is opened."""


class SqlSource:
    """Runs a metric's query at its endpoint, whose URL says which database that is.

    For a level, the first column of every row is a reading. For counts, rows are as `rows.counts`
    reads them; the query may use :environment, :flag, :component, :since, :until,
    :step and :bound.
    """

    def __init__(self) -> None:
        self._engines: dict[tuple[str, str | None, str | None], Engine] = {}
        self._lock = Lock()

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the level. Raises Unavailable, NoData."""
        found = self._rows(metric, endpoints, {})
        return rows.level(metric, [next(iter(row.values()), None) for row in found])

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return the counts in the rows. Raises Unavailable, NoData."""
        given = {
            "environment": asked.environment,
            "flag": asked.flag,
            "component": asked.component,
            "since": asked.since,
            "until": asked.until,
            "step": asked.step,
            "bound": asked.bound,
        }
        return rows.counts(asked, self._rows(asked.metric, asked.endpoints, given))

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _rows(
        self, metric: Metric, endpoints: Mapping[str, str], given: Mapping[str, object]
    ) -> list[dict[str, Any]]:
        query = metric.query or ""
        # Only what the query names: a driver refuses a parameter that it has no place for.
        bound = {name: value for name, value in given.items() if re.search(rf":{name}\b", query)}
        engine = self._engine(metric, endpoint_of(metric, endpoints))
        try:
            with engine.connect() as connection:
                found = _found(connection, query, bound)
        except SQLAlchemyError as error:
            name = metric.endpoint or metric.source
            raise Unavailable(f"{metric.name}: {_told(name, engine.url, error)}") from error
        if len(found) > MOST_ROWS:
            raise Unavailable(
                f"{metric.name}: the query returns more than {MOST_ROWS} rows; "
                "group them by arm and step"
            )
        if not found:
            raise NoData(f"{metric.name}: the query returned no row")
        return found

    def _engine(self, metric: Metric, reached: Reached) -> Engine:
        key = (reached.url, reached.user, reached.password)
        with self._lock:
            if key not in self._engines:
                self._engines[key] = _opened(metric, reached)
            return self._engines[key]


def _found(connection: Connection, query: str, bound: Mapping[str, object]) -> list[dict[str, Any]]:
    result = connection.execute(sqlalchemy.text(query), bound)
    if not result.returns_rows:
        return []
    found = [dict(row) for row in result.mappings().fetchmany(MOST_ROWS + 1)]
    connection.rollback()
    return found


def _opened(metric: Metric, reached: Reached) -> Engine:
    try:
        url = _url(reached)
        family = url.get_backend_name()
        options = OPTIONS.get(family, {})
        engine = sqlalchemy.create_engine(url, connect_args=options, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise Unavailable(
            f"{metric.name}: the endpoint is no database that can be reached from here "
            f"({type(error).__name__}); its URL begins with the name of an installed dialect"
        ) from error
    if family in READ_ONLY:
        sqlalchemy.event.listen(engine, "connect", _read_only(READ_ONLY[family]))
    return engine


def _url(reached: Reached) -> URL:
    url = make_url(reached.url)
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if reached.user is not None:
        url = url.set(username=reached.user, password=reached.password)
    return url


def _read_only(statement: str) -> Any:
    def say(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    return say


def _told(name: str, url: URL, error: SQLAlchemyError) -> str:
    """Say what went wrong without the URL, the query's parameters, or what a driver may quote."""
    cause = type(error.__cause__ or error).__name__
    port = f":{url.port}" if url.port else ""
    at = f" at {url.host}{port}" if url.host else ""
    return (
        f"the database {name}{at} did not answer the query ({cause}). See whether it runs there, "
        "whether its user may read, and try the query by hand [no-answer]"
    )
