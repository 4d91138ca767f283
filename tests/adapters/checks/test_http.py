"""An HTTP answer as a check."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from phasegate.adapters.checks.http import HttpCheck
from phasegate.ports import Exercise, Unavailable

Endpoint = Any


def check(url: str, deadline_s: float = 10, **options: str) -> Exercise:
    return HttpCheck().exercise({"url": url, **options}, deadline_s)


def test_the_expected_status_passes_and_says_what_was_seen(endpoint: Endpoint) -> None:
    found = check(endpoint.on("/health", "all  is\nwell"))

    assert (found.passed, found.exercised, found.remedy) == (True, 1, "")
    assert found.seen.startswith("HTTP 200 in ")
    assert found.seen.endswith(" ms, 12 bytes")


def test_another_status_fails_with_a_remedy(endpoint: Endpoint) -> None:
    found = check(endpoint.on("/health", "no database", status=503))

    assert found.passed is False
    assert "HTTP 503" in found.seen
    assert "no database" not in found.seen, "a body may name a patient, and a finding is for good"
    assert "HTTP 200 was expected" in found.remedy


def test_a_status_may_be_asked_for(endpoint: Endpoint) -> None:
    assert check(endpoint.url + "/gone", status="404").passed is True


def test_a_redirect_is_not_the_answer(endpoint: Endpoint) -> None:
    assert check(endpoint.on("/health", "elsewhere", status=302)).passed is False


def test_the_body_must_have_the_text_that_is_asked_for(endpoint: Endpoint) -> None:
    url = endpoint.on("/health", {"database": "up"})

    assert check(url, contains='"up"').passed is True
    found = check(url, contains='"down"')
    assert found.passed is False
    assert found.seen.endswith("without the text that it must have")


def test_a_long_body_is_searched_to_its_end(endpoint: Endpoint) -> None:
    found = check(endpoint.on("/health", "x" * 10_000 + " ready"), contains="ready")

    assert found.passed is True
    assert found.seen.endswith("10006 bytes")


def test_no_answer_says_nothing_of_health_and_names_host_and_port_alone() -> None:
    with pytest.raises(Unavailable) as caught:
        check("http://somebody:secret@127.0.0.1:9/health")

    assert str(caught.value) == (
        "no answer from 127.0.0.1:9: nothing listens there; "
        "start it, or give the run another --endpoint [no-answer]"
    )


def test_an_answer_that_takes_too_long_says_nothing_of_health(endpoint: Endpoint) -> None:
    given_up = threading.Event()
    endpoint.replies["/slow"] = lambda _: (given_up.wait(60), (200, "late"))[1]

    with pytest.raises(Unavailable, match="no answer"):
        check(endpoint.url + "/slow", deadline_s=0.1)
    given_up.set()


@pytest.mark.parametrize(
    "url", ["", "no url", "ftp://127.0.0.1/", "http://[::1", "{clinic}/health"]
)
def test_what_is_no_url_says_nothing_of_health(url: str) -> None:
    with pytest.raises(Unavailable):
        check(url)
