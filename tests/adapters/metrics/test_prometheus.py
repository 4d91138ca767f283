"""A real Prometheus on loopback, with history that the test wrote and targets that it runs."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from phasegate.adapters.metrics.prometheus import PrometheusSource
from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric
from phasegate.ports import CountQuestion, NoData, Unavailable
from phasegate.testing.servers import Missing, prometheus
from phasegate.testing.source_suite import (
    COUNTED,
    LEVEL,
    SEVERAL,
    STEP,
    STEPS,
    SourceSuite,
    Stage,
)

MakeMetric = Any
Endpoint = Any
SINCE = int(time.time()) // STEP * STEP - 600
VARIANT = {Arm.TREATMENT: "on", Arm.CONTROL: "off"}

# htpasswd's bcrypt of "s3cret", at its least cost.
WEB = """
tls_server_config: {{cert_file: {cert}, key_file: {key}}}
basic_auth_users: {{ada: $2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG}}
"""


def history() -> str:
    """Write what Prometheus knows: counters that grow as COUNTED says, and levels until later."""
    lines = []
    for arm, variant in VARIANT.items():
        # Two processes share the requests; one of them has counted long before.
        seen, failed = 1000, 10
        for step in range(-2, STEPS + 2):
            grown = [one for one in COUNTED if one[:2] == (arm, step - 1)]
            seen += sum(one[2] for one in grown)
            failed += sum(one[3] for one in grown)
            at = SINCE + step * STEP
            of = f'variant="{variant}",pod="a"'
            lines.append(f"asked_total{{{of}}} {seen} {at}")
            lines.append(f"failed_total{{{of}}} {failed} {at}")
            lines.append(f"fine_total{{{of}}} {seen - failed} {at}")
    for at in range(int(time.time()) - 60, int(time.time()) + 600, 30):
        lines.append(f"memory {LEVEL} {at}")
        lines.append(f"odd NaN {at}")
        lines += [
            f'load{{pod="{pod}"}} {value} {at}' for pod, value in zip("ab", SEVERAL, strict=True)
        ]
    by_series = sorted(lines, key=lambda line: line.split("{")[0].split()[0])
    return "\n".join([*by_series, "# EOF\n"])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        with prometheus(history=history()) as found:
            yield found
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def define(a_share: MakeMetric) -> Callable[..., Metric]:
    def make(name: str, part: str, *, good: bool = False, all_: str = "asked_total") -> Metric:
        of = '{variant="{variant}"}'
        side = {"good": "query_good"} if good else {"bad": "query_bad"}
        return a_share("prometheus", name, **side, query_all=all_ + of, query_part=part + of)

    return make


class TestPrometheusSource(SourceSuite):
    @pytest.fixture
    def stage(self, url: str, define: Callable[..., Metric], a_level: MakeMetric) -> Stage:
        return Stage(
            source=PrometheusSource(),
            endpoints={"prometheus": url},
            nowhere={"prometheus": "http://a:secret@127.0.0.1:9"},
            since=SINCE,
            one=a_level("prometheus", "memory", "memory"),
            several=a_level("prometheus", "load", "load"),
            none=a_level("prometheus", "nothing", "nothing"),
            no_number=a_level("prometheus", "odd", "odd"),
            bad=define("failures", "failed_total"),
            good=define("successes", "fine_total", good=True),
            silent=define("silent", "failed_total", all_="nothing_total"),
            broken=define("broken", "failed_total{"),
        )


def question(metric: Metric, url: str, **changed: Any) -> CountQuestion:
    given: dict[str, Any] = {"since": SINCE, "until": SINCE + STEPS * STEP, "step": STEP}
    return CountQuestion(
        metric=metric,
        component="cart",
        flag="cart",
        bound=None,
        endpoints={"prometheus": url},
        **{**given, **changed},
    )


def test_a_scalar_is_a_level(url: str, a_level: MakeMetric) -> None:
    metric = a_level("prometheus", "memory", "scalar(memory)")

    assert PrometheusSource().read(metric, {"prometheus": url}) == LEVEL


def test_no_counter_of_what_is_bad_is_no_proof_that_nothing_is(
    url: str, define: Callable[..., Metric], a_share: MakeMetric
) -> None:
    of = '{variant="{variant}"}'
    said = a_share(
        "prometheus",
        "failures",
        bad="query_bad",
        query_all=f"asked_total{of}",
        query_part=f"never_total{of} or vector(0)",
    )

    with pytest.raises(NoData, match=r"or vector\(0\)"):
        PrometheusSource().counts(question(define("failures", "never_total"), url))
    found = PrometheusSource().counts(question(said, url))
    assert {one.bad for one in found} == {0}
    assert sum(one.seen for one in found) == 25


@pytest.mark.parametrize("query", ["rate(asked_total{of}[30s])", "-asked_total{of}"])
def test_what_is_no_counter_is_refused(url: str, a_share: MakeMetric, query: str) -> None:
    asked = query.replace("{of}", '{variant="{variant}"}')
    metric = a_share("prometheus", "failures", bad="b", query_all=asked, query_part=asked)

    with pytest.raises(Unavailable, match="counts nothing"):
        PrometheusSource().counts(question(metric, url))


def test_a_refused_query_says_why(url: str, a_level: MakeMetric) -> None:
    with pytest.raises(Unavailable, match="400, bad_data"):
        PrometheusSource().read(a_level("prometheus", "memory", "sum("), {"prometheus": url})


def test_a_metric_asks_at_its_own_endpoint(url: str, a_level: MakeMetric) -> None:
    metric = a_level("prometheus", "memory", "memory")

    with pytest.raises(Unavailable, match="no endpoint is called prometheus"):
        PrometheusSource().read(metric, {"elsewhere": url})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"status": "success", "warnings": ["half of it"], "data": {"result": []}}, "incomplete"),
        ({"status": "success", "data": {"result": 7}}, "no series"),
        ({"status": "success"}, "no series"),
        (["none"], "answered 200, and not as"),
        ("<html>", "answered 200, and not as"),
    ],
)
def test_what_is_no_whole_answer_is_no_reading(
    endpoint: Endpoint, a_level: MakeMetric, content: Any, said: str
) -> None:
    endpoint.on("/api/v1/query", content)

    with pytest.raises(Unavailable, match=said):
        PrometheusSource().read(
            a_level("prometheus", "memory", "memory"), {"prometheus": endpoint.url}
        )


class Target:
    """A process with a gauge and a counter, as Prometheus reads them."""

    def __init__(self) -> None:
        self.lines = ""
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = target.lines.encode()
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.http.server_address[1]}"
        self._thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self._thread.start()

    def end(self) -> None:
        self.http.shutdown()
        self._thread.join()
        self.http.server_close()


@contextmanager
def watched() -> Iterator[tuple[Target, str]]:
    target = Target()
    try:
        with prometheus(scrape=[target.address]) as url:
            yield target, url
    except Missing as missing:
        pytest.skip(str(missing))
    finally:
        target.end()


def test_a_target_that_is_gone_leaves_no_level_behind(
    a_level: MakeMetric, until: Callable[..., None]
) -> None:
    metric, source = a_level("prometheus", "memory", "memory"), PrometheusSource()
    with watched() as (target, url):
        target.lines = "memory 55\n"
        until(lambda: answered(source, metric, url) == 55)
        target.lines = ""

        until(lambda: answered(source, metric, url) is None)


def answered(source: PrometheusSource, metric: Metric, url: str) -> float | None:
    try:
        return source.read(metric, {"prometheus": url})
    except NoData:
        return None


def test_a_password_and_an_own_certificate_authority_are_kept_to(
    tmp_path: Path, a_level: MakeMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate(tmp_path)
    metric, source = a_level("prometheus", "one", "vector(1)"), PrometheusSource()
    try:
        with prometheus(web=WEB.format(cert=cert, key=key)) as address:
            endpoints = {"prometheus": f"https://{address}"}
            with pytest.raises(
                Unavailable, match="its certificate is of nobody who is trusted here"
            ):
                source.read(metric, endpoints)
            monkeypatch.setenv("PHASEGATE_PROMETHEUS_CA_FILE", str(cert))
            with pytest.raises(Unavailable, match=r"127\.0\.0\.1:\d+ answered 401"):
                source.read(metric, endpoints)
            monkeypatch.setenv("PHASEGATE_PROMETHEUS_USER", "ada")
            monkeypatch.setenv("PHASEGATE_PROMETHEUS_PASSWORD", "s3cret")
            assert source.read(metric, endpoints) == 1
    except Missing as missing:
        pytest.skip(str(missing))


def test_an_unreadable_certificate_authority_is_told(
    a_level: MakeMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASEGATE_PROMETHEUS_CA_FILE", "/nowhere.pem")

    with pytest.raises(Unavailable, match=r"/nowhere\.pem"):
        PrometheusSource().read(
            a_level("prometheus", "one", "vector(1)"), {"prometheus": "https://127.0.0.1:9"}
        )


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
    )
    subprocess.run(made, check=True, capture_output=True)
    return cert, key
