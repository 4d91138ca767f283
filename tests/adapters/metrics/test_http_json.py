"""A level read from a JSON document over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from phasegate.adapters.metrics.http_json import HttpJsonSource
from phasegate.core.plan import Metric, MetricKind
from phasegate.ports import NoData, Unavailable

Endpoint = Any


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
