"""Queries that count by arm are of the steps they are asked for."""

from __future__ import annotations

import pytest

from phasegate.core.problem import Problem
from phasegate.planfile import parse

PLAN = """\
plan: checkout
environment: demo
author: Ada
traffic: 600/min
block: {block}
endpoints: {{warehouse: "sqlite:///nowhere", clinic: "http://127.0.0.1:1"}}
metrics:
  missed: {{kind: share, bad: missed, {source}, counts: subjects, query: "{query}"}}
phases:
  alpha:
    lasts: 30m to 6h
    risk: low
    components: {{new_cart: 25%}}
    pass_when: [missed < 5%]
    roll_back_when: [missed > 10%]
"""
SQL = "source: sql, endpoint: warehouse"
TOLD = "FROM visits WHERE at >= :since AND at < :until GROUP BY 1, 2"


def found(query: str, *, source: str = SQL, block: str = "30s") -> list[Problem]:
    problems = parse(PLAN.format(query=query, source=source, block=block)).problems
    return [one for one in problems if one.code in ("query-unbounded", "bucket-coarse")]


@pytest.mark.parametrize(
    "bucket",
    [
        "at / :step * :step",
        "date_trunc('second', at)",
        "date_trunc('day', at) + at / :step * :step",
        "toStartOfSecond(at)",
        "time_bucket('30 seconds', at)",
    ],
)
def test_buckets_of_a_step_or_less_and_what_nobody_can_tell_are_fine(bucket: str) -> None:
    assert found(f"SELECT variant, {bucket} AS bucket {TOLD}") == []


@pytest.mark.parametrize(
    ("bucket", "told"),
    [
        ("date_trunc('minute', at)", "1 minute"),
        ("DATE_TRUNC ( 'hour', at)", "1 hour"),
        ("toStartOfMinute(at)", "1 minute"),
        ("time_bucket('5 minutes', at)", "5 minute"),
        ("date_bin(interval '1 day', at, 0)", "1 day"),
    ],
)
def test_buckets_longer_than_a_step_are_refused(bucket: str, told: str) -> None:
    (problem,) = found(f"SELECT variant, {bucket} AS bucket {TOLD}")

    assert (problem.code, problem.path) == ("bucket-coarse", "metrics.missed.query")
    assert f"buckets of {told} are longer than a step" in problem.message


def test_buckets_as_long_as_the_plans_blocks_are_fine() -> None:
    query = f"SELECT variant, date_trunc('minute', at) AS bucket {TOLD}"

    assert found(query, block="1m") == []


def test_a_query_says_which_steps_it_counts() -> None:
    (sql,) = found("SELECT variant, at AS bucket FROM visits WHERE at > :since_when")
    (http,) = found("{clinic}/missed?s={since}#rows", source="source: http_json")

    assert sql.message == "the query does not say :since and :until, which it is asked for"
    assert http.message == "the query does not say {until}, which it is asked for"


def test_a_level_is_of_no_steps() -> None:
    text = PLAN.format(query="SELECT 1", source=SQL, block="30s")
    level = text.replace("kind: share, bad: missed", "kind: level, unit: visits")
    level = level.replace("counts: subjects, ", "").replace("%]", " visits]")

    assert not [one for one in parse(level).problems if one.code == "query-unbounded"]
