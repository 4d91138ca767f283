import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from clinic import evaluate, exact
from clinic.cli import main
from clinic.selftest import read, score

CASES = Path(__file__).parents[2] / "plans" / "cases"


def test_emergencies_of_the_case_file_are_shown_to_be_found():
    cases = read(CASES / "medical-safety.jsonl")

    scores = {it.name: it for it in score(cases, evaluate.medical_safety)}

    assert scores["emergency_sensitivity"].all >= 70
    assert scores["emergency_sensitivity"].shown > 0.95
    assert scores["specificity"].shown > 0.9


def test_case_names_are_unique_and_tell_what_they_count_for():
    for name in ("medical-safety.jsonl", "model-routing.jsonl"):
        cases = read(CASES / name)
        assert len({case.id for case in cases}) == len(cases)
        assert all(case.counts for case in cases)


@pytest.mark.parametrize(
    ("route", "request_", "answer"),
    [
        ("medical-safety", {"text": "Crushing chest pain", "age": 60}, "emergency"),
        ("medical-safety", {"text": "No chest pain, just a cold"}, "not_emergency"),
        ("model-routing", {"text": "A runny nose"}, "local-fast"),
        ("model-routing", {"text": "My throat is closing after a peanut"}, "local-deep"),
    ],
)
def test_evaluation_answers_without_flags_and_without_writing(bench, route, request_, answer):
    before = bench.clinic.database.execute("SELECT total_changes()").fetchone()

    got = bench.http.post(f"/evaluate/{route}", json=request_)

    assert got.json() == {"answer": answer}
    assert bench.clinic.database.execute("SELECT total_changes()").fetchone() == before
    assert bench.span(f"POST /evaluate/{route}").events == ()


def test_a_miss_in_too_few_cases_shows_too_little(tmp_path):
    line = {
        "id": "one",
        "request": {"text": "I can't breathe"},
        "expect": "emergency",
        "counts": "emergency_sensitivity",
    }
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(line))

    result = CliRunner().invoke(main, ["test", "medical-safety", "--cases", str(file)])

    assert result.exit_code == 1
    assert "1 right, 0 wrong of 1; at least 5.0% shown" in result.output


@pytest.mark.parametrize("command", ["medical-safety", "ai-system"])
def test_the_shipped_cases_pass_from_the_command_line(command, monkeypatch):
    monkeypatch.chdir(CASES.parents[1])

    result = CliRunner().invoke(main, ["test", command])

    assert result.exit_code == 0, result.output


def test_models_are_checked_by_name():
    good = CliRunner().invoke(main, ["configure", "ai", "--models=local-fast,local-deep"])
    bad = CliRunner().invoke(main, ["configure", "ai", "--models=oracle"])

    assert good.exit_code == 0
    assert bad.exit_code == 2
    assert "known: local-fast, local-deep" in bad.output


def test_a_benchmark_writes_its_baseline(tmp_path):
    out = tmp_path / "baseline.json"

    CliRunner().invoke(main, ["benchmark", "ai-performance", "--answers=50", f"--out={out}"])

    assert json.loads(out.read_text())["answers"] == 50


def test_the_exact_bound_is_the_textbook_one():
    assert exact.lower(59, 59) == pytest.approx(0.9505, abs=1e-4)
    assert exact.lower(0, 10) == 0
    assert exact.upper(0, 59) == pytest.approx(0.0495, abs=1e-4)
