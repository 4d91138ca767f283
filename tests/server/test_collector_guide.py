"""The Collector's configuration that people paste fits the server that it is meant for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from phasegate.server.grpcotlp import SERVICES
from phasegate.server.otlp import SIGNALS
from phasegate.server.receiving import MOST_BYTES
from phasegate.telemetry.placing import MOST_LATE_S

DOCS = Path(__file__).parents[2] / "docs"
EXPORTER = "otlp_http/phasegate"
MOST_BYTES_A_SPAN = 2000
"""Of a web service's span with two flags; bench/ingest.py has 865."""


@pytest.fixture
def collector() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DOCS / "guides" / "collector.yaml").read_text())
    return content


def pipelines(collector: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = collector["service"]["pipelines"]
    return found


def test_it_sends_every_signal_that_the_server_takes_and_no_other(
    collector: dict[str, Any],
) -> None:
    sent = {f"/v1/{name.partition('/')[0]}" for name in pipelines(collector)}

    assert sent == set(SIGNALS)
    assert {one.name for one in SERVICES.values()} == {one.name for one in SIGNALS.values()}


def test_its_pipelines_name_what_it_defines(collector: dict[str, Any]) -> None:
    for pipeline in pipelines(collector).values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])
        assert pipeline["exporters"] == [EXPORTER]


def test_it_says_who_it_is_and_leaves_the_path_to_the_exporter(collector: dict[str, Any]) -> None:
    exporter = collector["exporters"][EXPORTER]

    assert exporter["endpoint"] == "${env:PHASEGATE_URL}"
    assert exporter["headers"] == {"Authorization": "Bearer ${env:PHASEGATE_TOKEN}"}
    assert exporter["compression"] == "gzip"


def test_nothing_in_it_samples(collector: dict[str, Any]) -> None:
    assert set(collector["processors"]) == {"memory_limiter", "batch"}


def test_its_batches_fit_into_a_body_even_before_they_are_packed(
    collector: dict[str, Any],
) -> None:
    assert collector["processors"]["batch"]["send_batch_max_size"] * MOST_BYTES_A_SPAN < MOST_BYTES


def test_it_gives_up_before_observations_are_too_old_to_be_believed(
    collector: dict[str, Any],
) -> None:
    retry = collector["exporters"][EXPORTER]["retry_on_failure"]

    assert retry["enabled"]
    assert retry["max_elapsed_time"] == "30m"
    assert MOST_LATE_S > 30 * 60


def test_the_guide_is_found_from_the_readme_and_names_the_file() -> None:
    guide = (DOCS / "guides" / "collector.md").read_text()

    assert "(collector.yaml)" in guide
    assert "docs/guides/collector.md" in (DOCS.parent / "README.md").read_text()
