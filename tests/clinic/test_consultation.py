import msgspec
from opentelemetry.trace import StatusCode

from clinic.traffic.people import People

CRITICAL = {
    "respiratory_rate": 26,
    "spo2": 90,
    "systolic": 92,
    "pulse": 125,
    "consciousness": "A",
    "temperature": 38.5,
}
ALLERGIC = [{"substance": "ibuprofen", "severity": "severe"}]
ALL = (
    "medical_safety_validator",
    "emergency_detector",
    "allergy_checker",
    "ai_model_router_v2",
    "ai_complexity_analyzer",
    "ai_performance_monitor",
)


def test_every_component_runs_in_the_version_its_flag_says(bench):
    bench.expose("allergy_checker", "ai_model_router_v2")
    bench.patient(allergies=ALLERGIC)

    answer = bench.consult("A runny nose for two days.").json()

    assert answer["versions"] == {
        "emergency_detector": "old",
        "ai_complexity_analyzer": "old",
        "ai_model_router_v2": "new",
        "medical_safety_validator": "old",
        "allergy_checker": "new",
        "ai_performance_monitor": "old",
    }
    assert answer["status"] == "answered"


def test_each_evaluation_stands_on_the_server_span_in_order(bench):
    bench.expose("allergy_checker")
    bench.patient(allergies=ALLERGIC)

    bench.consult("A runny nose for two days.")

    span = bench.span("POST /consultations")
    seen = [
        (event.attributes["feature_flag.key"], event.attributes["feature_flag.result.variant"])
        for event in span.events
    ]
    assert seen == [
        ("emergency_detector", "off"),
        ("ai_complexity_analyzer", "off"),
        ("ai_model_router_v2", "off"),
        ("medical_safety_validator", "off"),
        ("allergy_checker", "on"),
        ("ai_performance_monitor", "off"),
    ]
    assert {event.attributes["feature_flag.context.id"] for event in span.events} == {"ada-1"}


def test_the_server_span_tells_route_status_and_the_time_of_the_ai_part(bench):
    bench.patient()

    bench.consult("A runny nose for two days.")

    span = bench.span("POST /consultations")
    assert span.attributes["http.route"] == "/consultations"
    assert span.attributes["http.response.status_code"] == 201
    assert span.attributes["ai.duration"] > 0
    assert span.status.status_code is StatusCode.UNSET


def test_without_a_recorded_allergy_the_checker_and_its_flag_are_not_asked(bench):
    bench.patient()

    answer = bench.consult("A runny nose for two days.").json()

    assert "allergy_checker" not in answer["versions"]


def test_the_new_versions_take_out_what_the_old_ones_leave_in(bench):
    bench.patient(allergies=[{"substance": "aspirin"}])
    before = bench.consult("My knee hurts, ankle pain.").json()
    bench.expose(*ALL)

    after = bench.consult("My knee hurts, ankle pain.").json()

    assert any("Ibuprofen" in line for line in before["advice"])
    assert not any("Ibuprofen" in line for line in after["advice"])


def test_an_emergency_by_vitals_that_the_old_detector_misses_is_caught_by_the_net(bench):
    bench.patient(age=60)

    answer = bench.consult("I feel a bit off.", vitals=CRITICAL).json()

    assert answer["status"] == "refused"
    assert answer["emergency"]
    assert "EMERGENCY" in answer["advice"][0]
    assert bench.events() == [
        (
            "safety.critical",
            {
                "feature_flag.context.id": "ada-1",
                "feature_flag.key": "emergency_detector",
                "feature_flag.result.variant": "off",
                "phasegate.component": "emergency_detector",
            },
        )
    ]


def test_the_new_detector_answers_the_same_emergency_itself(bench):
    bench.expose("emergency_detector")
    bench.patient(age=60)

    answer = bench.consult("I feel a bit off.", vitals=CRITICAL).json()

    assert (answer["status"], answer["emergency"]) == ("answered", True)
    assert bench.events() == []


def test_ordinary_traffic_never_needs_the_net_in_any_mix_of_versions(bench):
    people = People(seed=7)
    for number in range(150):
        patient = people.patient(number)
        bench.clinic.database.add_patient(patient)
        bench.expose(*[flag for place, flag in enumerate(ALL) if (number >> place) & 1])
        visit = people.visit(patient)
        answer = bench.http.post("/consultations", content=msgspec.json.encode(visit))
        assert answer.json()["status"] == "answered", (visit, patient)
    assert bench.events() == []


def test_an_unknown_patient_is_refused_with_a_code(bench):
    answer = bench.consult("Cough")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")


def test_an_unreadable_request_is_refused_with_a_code(bench):
    answer = bench.http.post("/consultations", content=b'{"patient": 1}')

    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable-request")


def test_a_rating_is_kept_once_and_tracked(bench):
    bench.patient()
    number = bench.consult("Cough").json()["id"]

    first = bench.http.post(f"/consultations/{number}/rating", json={"rating": 4})
    again = bench.http.post(f"/consultations/{number}/rating", json={"rating": 5})

    assert (first.status_code, again.status_code) == (201, 409)
    assert bench.flags.tracked == [("satisfaction", "ada-1", {"rating": 4})]
