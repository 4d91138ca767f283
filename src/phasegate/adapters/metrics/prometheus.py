"""Levels and counters from Prometheus, or whatever speaks its HTTP API.

Prometheus knows requests and no subjects, so what is counted here serves guards with a bound and
levels; core.judge.rules refuses the rest. A series that Prometheus has marked as stale, because its
target is gone, answers nothing, and nothing is NoData.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

import httpx

from phasegate.adapters.metrics import rows
from phasegate.adapters.metrics.credentials import Reached, endpoint_of
from phasegate.adapters.metrics.increases import increases
from phasegate.adapters.unanswered import place, unanswered
from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric
from phasegate.flags.document import OFF, ON
from phasegate.ports import ArmCount, CountQuestion, NoData, Unavailable

VARIANTS = {ON: Arm.TREATMENT, OFF: Arm.CONTROL}

LOOKBACK_STEPS = 300
"""How far back a counter's last value is looked for: a target that was away for longer than that
comes back as a new one, with all that it ever counted."""

Found = Sequence[Mapping[str, object]]
"""Series of an answer."""


class PrometheusSource:
    """Asks `query` for a level now, and `query_all` and `query_bad` for counters over a time.

    A counter query is asked once for each arm. In it {variant} is `on` or `off`, {arm} treatment or
    control; {environment}, {flag}, {component} and {bound} are filled in as well. It returns
    counters, of any number of series, and neither rate() nor increase() of them.
    """

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the level. Raises Unavailable, NoData."""
        found = _asked(
            metric, endpoint_of(metric, endpoints), "query", {"query": metric.query or ""}
        )
        return rows.level(metric, [_value(one.get("value")) for one in found])

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return the counts of each step. Raises Unavailable, NoData."""
        return [one for variant in VARIANTS for one in _of_arm(asked, variant)] or _nothing(asked)


def _of_arm(asked: CountQuestion, variant: str) -> Iterator[ArmCount]:
    metric = asked.metric
    seen = _increases(asked, variant, metric.query_all or "")
    if not seen:
        return
    part = _increases(asked, variant, metric.query_part or "")
    if part is None:
        raise NoData(
            f"{metric.name}: there is no counter of its part for the variant {variant}, which may "
            "mean none or a wrong name; end the query with `or vector(0)` if it means none"
        )
    for bucket, count in seen.items():
        # A target that is read between its two counters tells the part of a request whose whole
        # follows with the next reading.
        of_it = min(part.get(bucket, 0), count) if metric.good else part.get(bucket, 0)
        bad = count - of_it if metric.good is not None else of_it
        if max(count, bad):
            arm = VARIANTS[variant]
            yield ArmCount(arm=arm, bucket=bucket, seen=max(count, bad), bad=bad)


def _nothing(asked: CountQuestion) -> Sequence[ArmCount]:
    raise NoData(f"{asked.metric.name}: the counters of {asked.component} have not moved")


def _increases(asked: CountQuestion, variant: str, query: str) -> dict[int, int] | None:
    """Return by how much the counters of an arm grew in each step; None without any series."""
    start = asked.since - LOOKBACK_STEPS * asked.step
    over = {"start": str(start), "end": str(asked.until), "step": str(asked.step)}
    given = {"query": _filled(asked, variant, query), **over}
    reached = endpoint_of(asked.metric, asked.endpoints)
    found = _asked(asked.metric, reached, "query_range", given)
    if not found:
        return None
    grown: dict[int, int] = {}
    for series in found:
        samples = list(_samples(asked.metric, series.get("values")))
        for bucket, increase in increases(samples, asked.since, asked.step):
            grown[bucket] = grown.get(bucket, 0) + increase
    return grown


def _filled(asked: CountQuestion, variant: str, query: str) -> str:
    given = {
        "environment": asked.environment,
        "flag": asked.flag,
        "component": asked.component,
        "variant": variant,
        "arm": VARIANTS[variant].value,
        "bound": "" if asked.bound is None else f"{asked.bound:g}",
    }
    for name, text in given.items():
        query = query.replace("{" + name + "}", text)
    return query


def _samples(metric: Metric, values: object) -> Iterator[tuple[int, int]]:
    """Yield (second, count) of each sample that is a number."""
    for one in values if isinstance(values, list) else ():
        value = _value(one)
        if value is None or not math.isfinite(value):
            continue
        if abs(value - round(value)) > 1e-6 or value < 0:
            raise Unavailable(
                f"{metric.name}: the counter query returns {value:g}, which counts nothing; ask "
                "for the counters themselves, without rate() or increase()"
            )
        yield round(float(one[0])), round(value)


def _value(pair: object) -> float | None:
    """Return the number of a sample, which Prometheus writes as text; NaN is no number here."""
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    try:
        return float(pair[1])
    except (TypeError, ValueError):
        return None


def _asked(metric: Metric, reached: Reached, kind: str, given: Mapping[str, str]) -> Found:
    """Return the series of an answer. Raises Unavailable for everything that is none."""
    try:
        with reached.client() as client:
            answer = client.post(f"{reached.url.rstrip('/')}/api/v1/{kind}", data=dict(given))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{metric.name}: {unanswered(reached.url, error)}") from error
    told = _content(answer)
    if not isinstance(told, dict) or told.get("status") != "success":
        refusal = _refusal(answer.status_code, told)
        raise Unavailable(f"{metric.name}: {place(reached.url)} {refusal}")
    if told.get("warnings"):
        # Some of what was to be asked did not answer: the rest may be the healthy half.
        raise Unavailable(f"{metric.name}: the answer is incomplete, as its warnings say")
    data = told.get("data")
    found = data.get("result") if isinstance(data, dict) else None
    if isinstance(data, dict) and data.get("resultType") == "scalar":
        return [{"value": found}]
    if not _is_series(found):
        raise Unavailable(f"{metric.name}: the answer has no series; does a Prometheus answer?")
    return found


def _content(answer: httpx.Response) -> object:
    try:
        content: object = answer.json()
    except ValueError:
        return None
    return content


def _refusal(status: int, told: object) -> str:
    if not isinstance(told, dict):
        return f"answered {status}, and not as Prometheus does; see whether that is its address"
    return f"answered {status}, {told.get('errorType')}: {str(told.get('error'))[:200]}"


def _is_series(found: object) -> TypeGuard[Found]:
    return isinstance(found, list) and all(isinstance(one, dict) for one in found)
