import sqlite3

import pytest
from opentelemetry.trace import StatusCode

from clinic.health import EXERCISES


@pytest.mark.parametrize("name", EXERCISES)
def test_every_component_is_well_in_a_fresh_clinic(bench, name):
    answer = bench.http.get(f"/health/components/{name}")

    assert (answer.status_code, answer.json()["why"]) == (200, "")


def test_all_health_lists_every_component(bench):
    answer = bench.http.get("/health")

    assert [it["name"] for it in answer.json()["components"]] == list(EXERCISES)


def test_a_broken_database_is_seen_where_it_matters_and_the_process_stays_live(bench):
    bench.clinic.database.execute("ALTER TABLE patients RENAME TO lost")

    ready = bench.http.get("/health/ready")
    component = bench.http.get("/health/components/database")
    whole = bench.http.get("/health")
    live = bench.http.get("/health/live")

    assert [ready.status_code, component.status_code, whole.status_code] == [503, 503, 503]
    assert "patients" in component.json()["why"]
    assert live.status_code == 200


def test_a_consultation_on_a_broken_database_is_a_marked_500(bench):
    bench.clinic.database.execute("ALTER TABLE patients RENAME TO lost")

    answer = bench.consult("Cough")

    span = bench.span("POST /consultations")
    assert answer.status_code == 500
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == sqlite3.OperationalError.__name__


def test_the_probe_of_the_database_leaves_nothing(bench):
    bench.http.get("/health/components/database")

    rows = bench.clinic.database.execute("SELECT count(*) FROM patients").fetchone()
    assert rows == (0,)


def test_an_unknown_component_is_not_well(bench):
    assert bench.http.get("/health/components/gremlin").status_code == 404


def test_resources_are_real_figures(bench):
    used = bench.http.get("/health/resources").json()

    assert 0 < used["memory_percent"] < 100
    assert used["cpu_percent"] >= 0
