"""Levels and counts read from a JSON document over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import httpx

from phasegate.adapters.metrics import rows
from phasegate.adapters.metrics.credentials import Reached, reach
from phasegate.adapters.unanswered import unanswered
from phasegate.core.plan import Metric
from phasegate.ports import ArmCount, CountQuestion, NoData, Unavailable

MOST_ROWS = 100_000


class HttpJsonSource:
    """Reads `{endpoint}/path#field.subfield`: what the JSON answer has there.

    A level is a number. Counts are a list of objects, as `rows.counts` reads them; the query may
    have {environment}, {flag}, {component}, {since}, {until}, {step} and {bound}.
    """

    def read(self, metric: Metric, endpoints: Mapping[str, str]) -> float:
        """Return the number. Raises Unavailable without an answer, NoData without a number."""
        value, field = _asked(metric, endpoints, {})
        try:
            return rows.level(metric, [value])
        except NoData as error:
            raise NoData(f"{metric.name}: the answer has no number at {field}") from error

    def counts(self, asked: CountQuestion) -> Sequence[ArmCount]:
        """Return the counts in the list. Raises Unavailable, NoData."""
        value, field = _asked(asked.metric, asked.endpoints, _filled(asked))
        if not isinstance(value, list) or len(value) > MOST_ROWS:
            raise NoData(f"{asked.metric.name}: the answer has no list of rows at {field}")
        for place, row in enumerate(value):
            if not isinstance(row, dict):
                raise Unavailable(
                    f"{asked.metric.name}: row {place} of the list at {field} is no object"
                )
        return rows.counts(asked, value)


def _filled(asked: CountQuestion) -> dict[str, str]:
    bound = "" if asked.bound is None else f"{asked.bound:g}"
    return {
        "environment": quote(asked.environment, safe=""),
        "flag": quote(asked.flag, safe=""),
        "component": quote(asked.component, safe=""),
        "since": str(asked.since),
        "until": str(asked.until),
        "step": str(asked.step),
        "bound": bound,
    }


def _asked(
    metric: Metric, endpoints: Mapping[str, str], filled: Mapping[str, str]
) -> tuple[object, str]:
    """Return what the answer has at the query's field, and that field."""
    url, _, field = (metric.query or "").partition("#")
    named = re.match(r"\{(\w[\w-]*)\}", url)
    name = named[1] if named else ""
    for known, text in {**endpoints, **filled}.items():
        url = url.replace("{" + known + "}", text)
    value = _answer(metric, reach(name, url) if name in endpoints else Reached(url=url))
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value, field


def _answer(metric: Metric, reached: Reached) -> object:
    try:
        with reached.client() as client:
            answer = client.get(reached.url)
            answer.raise_for_status()
            value: object = answer.json()
            return value
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"{metric.name}: {unanswered(reached.url, error)}") from error
