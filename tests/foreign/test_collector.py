"""The configuration of docs/guides/collector.md, in a real OpenTelemetry Collector before a server.

The Collector is built by Go from tests/foreign/collector into a cache folder, once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (
    OTLPSpanExporter as GrpcSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind

from phasegate.client.client import FlagClient
from phasegate.drills.processes import ServerProcess, until
from phasegate.drills.proxy import Wire
from phasegate.drills.stage import COMPONENTS, SENTINEL, Stage, variant_of
from phasegate.testing.processes import Processes, free_ports

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "guides" / "collector.yaml"
OURS = """
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "127.0.0.1:GRPC"}
      http: {endpoint: "127.0.0.1:HTTP"}
service: {telemetry: {metrics: {level: none}}}
"""
"""What a test has otherwise than the guide: ports of its own, and none for the Collector itself."""

GO = shutil.which("go")


def _go_version() -> tuple[int, int]:
    if GO is None:
        return (0, 0)
    said = subprocess.run([GO, "env", "GOVERSION"], capture_output=True, text=True, check=True)
    found = re.match(r"go(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


pytestmark = [
    pytest.mark.skipif(_go_version() < (1, 25), reason="there is no Go 1.25 on this machine"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def program() -> Path:
    """Return a Collector, built from the locked modules."""
    sources = sorted((HERE / "collector").iterdir())
    told = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    place = cache / f"phasegate-collector-{told}"
    if not place.exists():
        made = place.with_suffix(f".{os.getpid()}")
        order = [str(GO), "build", "-mod=readonly", "-o", str(made), "."]
        done = subprocess.run(
            order, cwd=HERE / "collector", capture_output=True, text=True, timeout=800, check=False
        )
        assert done.returncode == 0, f"Go could not build the Collector: {done.stderr[-800:]}"
        made.replace(place)
    return place


@dataclass(frozen=True, kw_only=True)
class Before:
    """A Collector before a server, over a wire that can be cut, and a run that is exposed."""

    stage: Stage
    server: ServerProcess
    wire: Wire
    client: FlagClient
    run: str
    http: str
    grpc: str
    log: Path

    def taken(self, signal: str) -> int:
        """Return how many records of a kind the server has accepted."""
        found = self.stage.get(self.server, "/api/v1/telemetry")
        return int(found["bodies"]["accepted"][signal])


@pytest.fixture
def before(program: Path, tmp_path: Path) -> Iterator[Before]:
    processes = Processes(tmp_path)
    with Stage() as stage:
        server = stage.serve("one")
        wire = Wire(int(server.url.rpartition(":")[2]))
        client = stage.application(server)
        run = stage.start(server)
        grpc, http = free_ports(2)
        ours = tmp_path / "ours.yaml"
        ours.write_text(OURS.replace("GRPC", str(grpc)).replace("HTTP", str(http)))
        given = {
            "PHASEGATE_URL": f"http://127.0.0.1:{wire.port}",
            "PHASEGATE_TOKEN": stage.tokens["application"],
        }
        configured = [f"--config=file:{one}" for one in (GUIDE, ours)]
        processes.spawn("collector", str(program), *configured, environment=given)
        url = f"http://127.0.0.1:{http}"
        processes.until("the Collector answers", lambda: answers(url))
        yield Before(
            stage=stage,
            server=server,
            wire=wire,
            client=client,
            run=run,
            http=url,
            grpc=f"http://127.0.0.1:{grpc}",
            log=tmp_path / "collector.log",
        )
        processes.end()
        wire.close()


def answers(url: str) -> bool:
    try:
        return httpx.post(f"{url}/v1/traces", json={}, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def visits(before: Before, exporter: SpanExporter, first: int, count: int) -> None:
    """Have patients come by, and tell of them by an SDK's own exporter."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in range(first, first + count):
        subject = f"patient-{number}"
        span = provider.get_tracer("clinic").start_span("POST /checkout", kind=SpanKind.SERVER)
        for key in COMPONENTS:
            told = {
                "feature_flag.key": key,
                "feature_flag.result.variant": variant_of(before.client, key, subject),
                "feature_flag.context.id": subject,
            }
            span.add_event("feature_flag.evaluation", told)
        span.end()
    provider.shutdown()


def overhttp(before: Before) -> SpanExporter:
    return OTLPSpanExporter(endpoint=f"{before.http}/v1/traces")


def overgrpc(before: Before) -> SpanExporter:
    return GrpcSpanExporter(endpoint=before.grpc, insecure=True)


@pytest.mark.parametrize("exporter", [overhttp, overgrpc])
def test_every_patient_that_an_sdk_tells_it_of_is_counted_once(
    before: Before, exporter: Callable[[Before], SpanExporter]
) -> None:
    visits(before, exporter(before), 0, 100)

    until("all are counted", lambda: before.stage.subjects(before.run) >= 100)
    assert before.stage.subjects(before.run) == before.stage.seen(before.run) == 100


def test_a_sentinel_in_a_log_takes_its_component_back(before: Before) -> None:
    logs = LoggerProvider()
    exporter = OTLPLogExporter(endpoint=before.grpc, insecure=True)
    logs.add_log_record_processor(SimpleLogRecordProcessor(exporter))

    accused = {"phasegate.component": "new_cart"}
    logs.get_logger("clinic").emit(LogRecord(event_name=SENTINEL, attributes=accused))
    logs.shutdown()

    until("it is off", lambda: variant_of(before.client, "new_cart", "patient-1") == "off")
    assert "rollback_started" in before.stage.kinds(before.run)


def test_metrics_reach_the_server(before: Before) -> None:
    exporter = OTLPMetricExporter(endpoint=f"{before.http}/v1/metrics")
    metrics = MeterProvider(metric_readers=[PeriodicExportingMetricReader(exporter)])

    metrics.get_meter("clinic").create_gauge("memory").set(61.5)
    metrics.shutdown()

    until("a metric is accepted", lambda: before.taken("metrics"))


def test_what_it_was_told_while_the_server_was_out_of_reach_is_counted_later(
    before: Before,
) -> None:
    visits(before, overhttp(before), 0, 50)
    until("the first are counted", lambda: before.stage.subjects(before.run) >= 50)

    before.wire.cut()
    visits(before, overhttp(before), 50, 50)
    until("it tries in vain", lambda: "Will retry" in before.log.read_text(), most_s=60)
    while_cut = before.stage.subjects(before.run)
    before.wire.mend()

    until("all are counted", lambda: before.stage.subjects(before.run) >= 100, most_s=60)
    assert while_cut == 50
    assert before.stage.subjects(before.run) == before.stage.seen(before.run) == 100
