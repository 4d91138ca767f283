"""The same promises on SQLite and DuckDB, and on a real PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from phasegate.adapters.metrics import sql
from phasegate.adapters.metrics.sql import SqlSource
from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric
from phasegate.ports import CountQuestion, NoData, Unavailable
from phasegate.testing.postgres import FAST, Cluster, NoPostgres
from phasegate.testing.servers import Missing, mariadb
from phasegate.testing.source_suite import COUNTED, LEVEL, SEVERAL, STEP, SourceSuite, Stage

MakeMetric = Any
SINCE = 1_893_499_200
COUNTS = """
SELECT variant, {bucket} AS bucket, count(*) AS seen,
       sum(CASE WHEN failed = 1 THEN 1 ELSE 0 END) AS failed,
       sum(CASE WHEN failed = 0 THEN 1 ELSE 0 END) AS fine
FROM visits WHERE flag = :flag AND {second} >= :since AND {second} < :until
GROUP BY variant, {bucket}
"""
SPOKEN = {
    "sqlite": ("came", "came / :step * :step"),
    "postgresql": ("extract(epoch FROM came)", "floor(extract(epoch FROM came) / :step) * :step"),
    "mariadb": ("unix_timestamp(came)", "floor(unix_timestamp(came) / :step) * :step"),
    "duckdb": ("epoch(came)", "floor(epoch(came) / :step) * :step"),
}
"""How each database says the second and the step of a visit."""


def fill(url: str, dialect: str) -> None:
    """Write down the visits that COUNTED counts, each by itself."""
    engine = sqlalchemy.create_engine(sql.make_url(url).set(drivername=driver(url)))
    kind = {"sqlite": "integer", "mariadb": "datetime"}.get(dialect, "timestamptz")
    at = {"sqlite": ":at", "mariadb": "from_unixtime(:at)"}.get(dialect, "to_timestamp(:at)")
    visits = [
        {
            "at": SINCE + step * STEP + number % STEP,
            "variant": "on" if arm is Arm.TREATMENT else "off",
            "failed": int(number < bad),
        }
        for arm, step, seen, bad in COUNTED
        for number in range(seen)
    ]
    with engine.begin() as connection:
        made = f"CREATE TABLE visits (came {kind}, flag varchar(9), variant varchar(9), failed int)"
        connection.execute(sqlalchemy.text(made))
        values = f"{at}, 'cart', :variant, :failed"
        added = f"INSERT INTO visits VALUES ({values})"  # noqa: S608 the test's own words
        connection.execute(sqlalchemy.text(added), visits)
        connection.execute(sqlalchemy.text("CREATE TABLE levels (name varchar(9), value float)"))
        added = "INSERT INTO levels VALUES (:name, :value)"
        levels = [("memory", LEVEL), *(("load", value) for value in SEVERAL), ("none", None)]
        rows = [{"name": name, "value": value} for name, value in levels]
        connection.execute(sqlalchemy.text(added), rows)
    engine.dispose()


def driver(url: str) -> str:
    name = url.partition(":")[0]
    return sql.DRIVERS.get(name, name)


@pytest.fixture(scope="module", params=SPOKEN)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    serve = {
        "sqlite": on_sqlite,
        "postgresql": on_postgres,
        "mariadb": on_mariadb,
        "duckdb": on_duckdb,
    }
    for found in serve[dialect](tmp_path_factory):
        fill(found, dialect)
        yield found


def on_sqlite(folders: pytest.TempPathFactory) -> Iterator[str]:
    yield f"sqlite:///{folders.mktemp('sql') / 'clinic.db'}"


def on_duckdb(folders: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("duckdb_engine")
    yield f"duckdb:///{folders.mktemp('sql') / 'clinic.duckdb'}"


def on_postgres(_: pytest.TempPathFactory) -> Iterator[str]:
    try:
        cluster = Cluster(FAST)
    except NoPostgres as missing:
        pytest.skip(str(missing))
    with cluster:
        yield cluster.database()


def on_mariadb(_: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with mariadb() as found:
            yield found
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def source() -> Iterator[SqlSource]:
    made = SqlSource()
    yield made
    made.close()


class TestSqlSource(SourceSuite):
    @pytest.fixture
    def stage(
        self,
        source: SqlSource,
        url: str,
        dialect: str,
        a_level: MakeMetric,
        a_share: MakeMetric,
    ) -> Stage:
        second, bucket = SPOKEN[dialect]
        query = COUNTS.format(second=second, bucket=bucket)
        level = "SELECT value FROM levels WHERE name = "
        nowhere = {
            "sqlite": "sqlite:////nowhere/secret/clinic.db",
            "postgresql": "postgresql://ada:secret@127.0.0.1:9/clinic",
            "mariadb": "mariadb://ada:secret@127.0.0.1:9/clinic",
            "duckdb": "duckdb:////nowhere/secret/clinic.duckdb",
        }
        return Stage(
            source=source,
            endpoints={"sql": url},
            nowhere={"sql": nowhere[dialect]},
            since=SINCE,
            one=a_level("sql", "memory", f"{level}'memory'"),
            several=a_level("sql", "load", f"{level}'load'"),
            none=a_level("sql", "nothing", f"{level}'nothing'"),
            no_number=a_level("sql", "odd", f"{level}'none'"),
            bad=a_share("sql", "failures", bad="failed", query=query),
            good=a_share("sql", "successes", good="fine", query=query),
            silent=a_share("sql", "silent", bad="failed", query=query.replace(":flag", "'none'")),
            broken=a_share("sql", "broken", bad="failed", query="SELECT FROM WHERE"),
        )

    def test_nothing_is_ever_written(
        self, source: SqlSource, url: str, a_level: MakeMetric
    ) -> None:
        for harm in ("DELETE FROM levels", "DELETE FROM visits"):
            with pytest.raises((Unavailable, NoData)):
                source.read(a_level("sql", "harm", harm), {"sql": url})

        kept = a_level("sql", "kept", "SELECT count(*) FROM levels")
        assert source.read(kept, {"sql": url}) == 4


@pytest.fixture
def clinic(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'clinic.db'}"


def test_what_is_asked_for_is_bound_and_never_pasted(
    source: SqlSource, clinic: str, a_share: MakeMetric
) -> None:
    query = "SELECT 'on' AS variant, :since AS bucket, 9 AS seen, length(:flag) AS bad"
    question = CountQuestion(
        metric=a_share("sql", "slow", bad="bad", query=query),
        component="cart",
        flag="x' OR ''",
        bound=None,
        since=SINCE,
        until=SINCE + 10,
        step=10,
        endpoints={"sql": clinic},
    )

    (found,) = source.counts(question)

    assert (found.bucket, found.bad) == (SINCE, 8)


def test_too_many_rows_are_refused(
    source: SqlSource, clinic: str, a_level: MakeMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "MOST_ROWS", 1)
    two = a_level("sql", "two", "SELECT 1 UNION SELECT 2")

    with pytest.raises(Unavailable, match="more than 1 rows"):
        source.read(two, {"sql": clinic})


@pytest.mark.parametrize("url", ["clickhouse://127.0.0.1/clinic", "not a url", ""])
def test_an_endpoint_of_no_installed_dialect_is_unavailable(
    source: SqlSource, a_level: MakeMetric, url: str
) -> None:
    with pytest.raises(Unavailable, match="installed dialect"):
        source.read(a_level("sql", "one", "SELECT 1"), {"sql": url})


def test_who_asks_is_known_from_the_environment(
    a_level: MakeMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASEGATE_WAREHOUSE_USER", "ada")
    monkeypatch.setenv("PHASEGATE_WAREHOUSE_PASSWORD", "p@ss/word")
    metric = Metric(**{**vars(a_level("sql", "one", "SELECT 1")), "endpoint": "warehouse"})

    reached = sql.endpoint_of(metric, {"warehouse": "postgresql://db.example/clinic"})

    told: Callable[[object], str] = repr
    assert sql._url(reached).render_as_string(hide_password=False) == (
        "postgresql+psycopg://ada:p%40ss%2Fword@db.example/clinic"
    )
    assert "p@ss" not in told(reached)


@pytest.mark.parametrize("bucket", ["came / 20 * 20", "came / 15 * 15", "came + 10"])
def test_a_bucket_that_is_no_step_is_an_error_and_no_half_of_it_is_health(
    source: SqlSource, clinic: str, a_share: MakeMetric, bucket: str
) -> None:
    """Its second half, in which all failed, is of a bucket that was counted before."""
    fill(clinic, "sqlite")
    engine = sqlalchemy.create_engine(clinic)
    with engine.begin() as connection:
        visits = (f"({SINCE + second}, 'till', 'on', {second // 10})" for second in range(20))
        added = f"INSERT INTO visits VALUES {', '.join(visits)}"  # noqa: S608 the test's own words
        connection.execute(sqlalchemy.text(added))
    engine.dispose()
    query = COUNTS.format(second="came", bucket=bucket)

    def counts(first: int) -> object:
        return source.counts(
            CountQuestion(
                metric=a_share("sql", "failures", bad="failed", query=query),
                component="till",
                flag="till",
                bound=None,
                since=SINCE + first,
                until=SINCE + first + 10,
                step=10,
                endpoints={"sql": clinic},
            )
        )

    with pytest.raises(Unavailable, match="bucket-coarse"):
        (counts(0), counts(10))
