"""Labelled cases as a check: every case is exercised, or nothing is said of health."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phasegate.adapters.checks.evaluate import EvaluateCheck
from phasegate.ports import Exercise, Unavailable

Endpoint = Any

CASES = (
    {"id": "c1", "request": {"says": "chest pain"}, "expect": "emergency"},
    {"id": "c2", "request": {"says": "a cold"}, "expect": "routine"},
    {"id": "c3", "request": {"says": "no breath"}, "expect": "emergency", "counts": "sensitivity"},
    {"id": "c4", "request": {"says": "a scratch"}, "expect": "routine", "counts": "specificity"},
)
TRUTH = {case["request"]["says"]: case["expect"] for case in CASES}  # type: ignore[index]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps(case) for case in CASES) + "\n\n")
    return path


@pytest.fixture
def right(endpoint: Endpoint) -> Endpoint:
    """An endpoint that answers every case rightly."""
    endpoint.replies["/answer"] = lambda asked: (200, {"answer": TRUTH[asked["says"]]})
    return endpoint


def evaluate(endpoint: Endpoint, path: Path, deadline_s: float = 10, counts: str = "") -> Exercise:
    options = {
        "file": path.name,
        "directory": str(path.parent),
        "url": endpoint.url + "/answer",
        "counts": counts,
    }
    return EvaluateCheck().exercise(options, deadline_s)


def test_right_answers_are_counted_under_the_files_hash(right: Endpoint, cases: Path) -> None:
    found = evaluate(right, cases, counts="sensitivity")

    assert (found.passed, found.exercised, found.bad) == (True, 3, 0)
    assert found.seen.startswith("3 of 3 cases right (cases.jsonl sha256 ")


def test_wrong_answers_are_counted_and_named_and_left_to_the_gate(
    right: Endpoint, cases: Path
) -> None:
    right.on("/answer", {"answer": "routine"})

    found = evaluate(right, cases, counts="sensitivity")

    assert (found.passed, found.exercised, found.bad) == (True, 3, 2)
    assert "wrong: c1, c3" in found.seen


def test_only_cases_of_the_metric_are_exercised(right: Endpoint, cases: Path) -> None:
    assert evaluate(right, cases, counts="specificity").exercised == 3
    assert [asked["says"] for asked in right.asked] == ["chest pain", "a cold", "a scratch"]


def test_an_answer_of_another_shape_is_wrong(right: Endpoint, cases: Path) -> None:
    for content in ({}, [], "7", {"answer": None}, {"answers": "routine"}):
        right.on("/answer", content)
        assert evaluate(right, cases).bad == 2


def test_no_answer_at_all_is_not_the_answer_null(right: Endpoint, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "c1", "request": {"says": "a cold"}, "expect": null}')

    right.on("/answer", {})
    assert evaluate(right, path).bad == 1

    right.on("/answer", {"answer": None})
    assert evaluate(right, path).bad == 0


def test_a_case_without_an_answer_says_nothing_of_health(right: Endpoint, cases: Path) -> None:
    right.on("/answer", "broken", status=500)

    with pytest.raises(
        Unavailable, match=r"case c1: no answer from 127\.0\.0\.1:\d+: it said HTTP 500"
    ):
        evaluate(right, cases)


def test_an_answer_that_is_no_json_says_nothing_of_health(right: Endpoint, cases: Path) -> None:
    right.on("/answer", "<html>")

    with pytest.raises(Unavailable, match=r"what it said is no JSON"):
        evaluate(right, cases)


def test_a_missing_file_is_named(right: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(
        Unavailable, match=r"there is no file /.*/gone\.jsonl\. .*\[case-file-missing\]"
    ):
        evaluate(right, tmp_path / "gone.jsonl")


@pytest.mark.parametrize(
    "file", ["../secret.jsonl", "sub/../../secret.jsonl", "/etc/passwd", "link.jsonl", "up/x"]
)
def test_a_file_outside_the_plans_folder_is_not_opened(
    right: Endpoint, tmp_path: Path, file: str
) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    secret = tmp_path / "secret.jsonl"
    secret.write_text('{"request": {"says": "a cold"}, "expect": "routine"}')
    (folder / "link.jsonl").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    options = {"file": file, "directory": str(folder), "url": right.url + "/answer"}

    with pytest.raises(Unavailable, match="case-file-outside"):
        EvaluateCheck().exercise(options, 10)

    assert right.asked == []


@pytest.mark.parametrize("file", ["a\0b", "folder", "loop"])
def test_what_is_no_file_cannot_be_read(right: Endpoint, tmp_path: Path, file: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    options = {"file": file, "directory": str(tmp_path), "url": right.url + "/answer"}

    with pytest.raises(Unavailable, match="cannot be read"):
        EvaluateCheck().exercise(options, 10)


@pytest.mark.parametrize(
    "line", ["{", '{"id": "c5"}', "[]", '{"request": 1, "expect": 2, "id": 3}']
)
def test_one_broken_line_is_told_with_its_number_and_nothing_is_asked(
    right: Endpoint, cases: Path, line: str
) -> None:
    cases.write_text(cases.read_text().strip() + "\n" + line + "\n")

    with pytest.raises(Unavailable, match=r"cases\.jsonl.* line 5"):
        evaluate(right, cases)

    assert right.asked == []


def test_an_empty_file_exercises_nothing(right: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text("\n")

    assert evaluate(right, tmp_path / "cases.jsonl").exercised == 0


def test_cases_that_take_longer_than_the_deadline_say_nothing_of_health(
    right: Endpoint, cases: Path
) -> None:
    with pytest.raises(Unavailable, match="took longer"):
        evaluate(right, cases, deadline_s=0)


def test_cases_that_all_name_other_metrics_are_told_apart_from_right_ones(
    right: Endpoint, tmp_path: Path
) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "c1", "request": {}, "expect": 1, "counts": "sensitivity"}')

    found = evaluate(right, path, counts="specificity")

    assert found.exercised == 0
    assert found.seen.startswith("no case counts for 'specificity': all name other metrics")
