"""Levels and counts read from a JSON document over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from phasegate.adapters.metrics.http_json import HttpJsonSource
from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric, MetricKind
from phasegate.ports import CountQuestion, NoData, Unavailable
from phasegate.testing.source_suite import COUNTED, LEVEL, STEP, SourceSuite, Stage

Endpoint = Any
MakeMetric = Any
SINCE = 1_893_499_200
ROWS = [
    {
        "arm": arm.value,
        "bucket": SINCE + step * STEP,
        "seen": seen,
        "failed": bad,
        "fine": seen - bad,
    }
    for arm, step, seen, bad in COUNTED
]


class TestHttpJsonSource(SourceSuite):
    @pytest.fixture
    def stage(self, endpoint: Endpoint, a_level: MakeMetric, a_share: MakeMetric) -> Stage:
        endpoint.on("/stats", {"memory": LEVEL, "text": "41.5"})
        endpoint.on("/counts", {"rows": ROWS, "none": [], "odd": [{"arm": "treatment"}]})
        counts = {"source": "http_json", "query": "{clinic}/counts#rows"}
        return Stage(
            source=HttpJsonSource(),
            endpoints={"clinic": endpoint.url},
            nowhere={"clinic": "http://a:secret@127.0.0.1:9"},
            since=SINCE,
            one=a_level("http_json", "memory", "{clinic}/stats#memory"),
            several=None,
            none=a_level("http_json", "nothing", "{clinic}/stats#nothing"),
            no_number=a_level("http_json", "text", "{clinic}/stats#text"),
            bad=a_share(name="failures", bad="failed", **counts),
            good=a_share(name="successes", good="fine", **counts),
            silent=a_share("http_json", "silent", bad="failed", query="{clinic}/counts#none"),
            broken=a_share("http_json", "broken", bad="failed", query="{clinic}/counts#odd"),
        )


def test_a_query_is_told_what_is_asked_for(endpoint: Endpoint, a_share: MakeMetric) -> None:
    row = {"variant": "on", "bucket": SINCE, "seen": 1, "bad": 0}
    asked = f"/c?f=new%20cart&s={SINCE}&u={SINCE + 20}&by=10&b=2.5"
    endpoint.on(asked, {"rows": [row]})
    query = "{clinic}/c?f={flag}&s={since}&u={until}&by={step}&b={bound}#rows"
    question = CountQuestion(
        metric=a_share("http_json", "slow", bad="bad", query=query),
        component="cart",
        flag="new cart",
        bound=2.5,
        since=SINCE,
        until=SINCE + 20,
        step=10,
        endpoints={"clinic": endpoint.url},
    )

    (found,) = HttpJsonSource().counts(question)

    assert (found.arm, found.seen) == (Arm.TREATMENT, 1)


def test_an_endpoint_with_a_token_is_sent_it(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASEGATE_CLINIC_TOKEN", "s3cret")
    endpoint.on("/stats", {"memory": 41})

    read("{clinic}/stats#memory", clinic=endpoint.url)

    assert endpoint.headers[-1]["Authorization"] == "Bearer s3cret"


def read(query: str, **endpoints: str) -> float:
    metric = Metric(name="memory", kind=MetricKind.LEVEL, source="http_json", query=query)
    return HttpJsonSource().read(metric, endpoints)


def test_the_number_at_the_field_is_read(endpoint: Endpoint) -> None:
    endpoint.on("/stats", {"memory": {"percent": 41}})

    assert read("{clinic}/stats#memory.percent", clinic=endpoint.url) == 41.0


@pytest.mark.parametrize(
    "content",
    [{}, [], {"memory": 41}, {"memory": {"percent": "41"}}, {"memory": {"percent": None}}],
)
def test_an_answer_without_the_number_is_no_data(endpoint: Endpoint, content: Any) -> None:
    with pytest.raises(NoData, match=r"no number at memory\.percent"):
        read(endpoint.on("/stats", content) + "#memory.percent")


@pytest.mark.parametrize("content", ['{"memory": true}', '{"memory": NaN}', '{"memory": Infinity}'])
def test_what_only_looks_like_a_number_is_no_data(endpoint: Endpoint, content: str) -> None:
    with pytest.raises(NoData):
        read(endpoint.on("/stats", content) + "#memory")


def test_an_error_is_unavailable_even_if_it_carries_a_number(endpoint: Endpoint) -> None:
    with pytest.raises(Unavailable, match="memory: no answer"):
        read(endpoint.on("/stats", {"memory": 41}, status=500) + "#memory")


def test_what_is_no_json_is_unavailable(endpoint: Endpoint) -> None:
    with pytest.raises(Unavailable):
        read(endpoint.on("/stats", "<html>") + "#memory")


@pytest.mark.parametrize(
    "url", ["http://a:secret@127.0.0.1:9/", "{clinic}/stats", "", "http://[::1"]
)
def test_an_endpoint_that_is_not_there_is_unavailable_and_not_told(url: str) -> None:
    with pytest.raises(Unavailable) as caught:
        read(url + "#memory")

    assert "secret" not in str(caught.value)


def test_a_row_that_is_no_object_is_not_passed_over(
    endpoint: Endpoint, a_share: MakeMetric
) -> None:
    row = {"variant": "on", "bucket": SINCE, "seen": 9, "bad": 0}
    endpoint.on("/c", {"rows": [row, "9 more, all bad"]})
    question = CountQuestion(
        metric=a_share("http_json", "failures", bad="bad", query="{clinic}/c#rows"),
        component="cart",
        flag="cart",
        bound=None,
        since=SINCE,
        until=SINCE + STEP,
        step=STEP,
        endpoints={"clinic": endpoint.url},
    )

    with pytest.raises(Unavailable, match="row 1 of the list at rows is no object"):
        HttpJsonSource().counts(question)
