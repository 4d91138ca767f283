import pytest
from opentelemetry.trace import StatusCode


def plant(bench, name, **more):
    answer = bench.http.post("/defects", json={"name": name, "on": True, **more})
    assert answer.status_code == 200


def test_a_router_defect_breaks_only_exposed_patients_and_marks_the_span(bench):
    bench.patient()
    plant(bench, "router_errors")
    unexposed = bench.consult("Cough").status_code
    bench.expose("ai_model_router_v2")

    exposed = bench.consult("Cough")

    span = bench.span("POST /consultations")
    assert (unexposed, exposed.status_code) == (201, 500)
    assert exposed.json()["code"] == "component-failed"
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "ComponentFailed"
    assert span.attributes["ai.duration"] >= 0


def test_a_failed_consultation_can_be_rated(bench):
    bench.patient()
    plant(bench, "outage")
    number = bench.consult("Cough").json()["id"]

    rated = bench.http.post(f"/consultations/{number}/rating", json={"rating": 1})

    assert rated.status_code == 201


def test_a_mended_defect_is_gone(bench):
    bench.patient()
    bench.expose("ai_model_router_v2")
    plant(bench, "router_errors")
    bench.http.post("/defects", json={"name": "router_errors", "on": False})

    assert bench.consult("Cough").status_code == 201


def test_a_latency_defect_slows_only_the_exposed(bench):
    bench.patient()
    plant(bench, "latency_tail", ms=150)
    bench.consult("Cough")
    quick = bench.span("POST /consultations").attributes["ai.duration"]
    bench.expose("ai_complexity_analyzer")

    bench.consult("Cough")

    slow = bench.span("POST /consultations").attributes["ai.duration"]
    assert quick < 150 <= slow


def test_an_allergen_let_through_is_caught_refused_and_blamed_on_the_validator(bench):
    bench.expose("medical_safety_validator", "allergy_checker")
    bench.patient(allergies=[{"substance": "walnut", "severity": "severe"}])
    plant(bench, "wrong_safety_answer")

    answer = bench.consult("Cough").json()

    assert answer["status"] == "refused"
    assert not any("walnut" in line for line in answer["advice"])
    (name, attributes), *others = bench.events()
    assert (name, others) == ("safety.critical", [])
    assert attributes["phasegate.component"] == "medical_safety_validator"
    assert attributes["feature_flag.context.id"] == "ada-1"


def test_an_outage_hits_both_arms(bench):
    bench.patient()
    plant(bench, "outage")
    unexposed = bench.consult("Cough").status_code
    bench.expose("emergency_detector")

    assert (unexposed, bench.consult("Cough").status_code) == (500, 500)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_says_how_many_are_hit(bench, share):
    bench.patient()
    plant(bench, "outage", share=share)

    assert bench.consult("Cough").status_code == (500 if share else 201)


def test_defects_can_be_planted_only_where_they_are_allowed(bench):
    bench.clinic.allow_defects = False

    answer = bench.http.post("/defects", json={"name": "outage", "on": True})

    assert (answer.status_code, answer.json()["code"]) == (403, "defects-not-allowed")


def test_an_unknown_defect_is_refused(bench):
    answer = bench.http.post("/defects", json={"name": "gremlins", "on": True})

    assert answer.status_code == 422
