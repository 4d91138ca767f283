"""What a plan needs of its folder is looked for before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from phasegate.core.plan import Plan
from phasegate.core.problem import Problem
from phasegate.planfile import parse
from phasegate.planfile.folder import folder_problems

CASES = """
plan: checkout
environment: demo
author: ada
traffic: 6000/min
cases:
  routing: {file: cases/routing.jsonl, url: "http://127.0.0.1:8090/route"}
metrics:
  error_rate: {kind: share, bad: error}
  selection: {kind: share, good: correct, source: cases, cases: routing}
phases:
  alpha:
    title: A few
    lasts: 1h to 8h
    before:
      - evaluate: {cases: routing, metric: selection}
    components: {new_cart: 50%}
    pass_when: [error_rate < 5%, selection > 90%]
    roll_back_when: [error_rate > 10%]
"""
BARE = CASES.replace("    before:\n      - evaluate: {cases: routing, metric: selection}\n", "")
BARE = BARE.replace(", selection > 90%", "").replace(
    "  selection: {kind: share, good: correct, source: cases, cases: routing}\n", ""
)
BARE = BARE.replace(
    'cases:\n  routing: {file: cases/routing.jsonl, url: "http://127.0.0.1:8090/route"}\n', ""
)
COMMAND = BARE.replace("    components:", "    before: [run: clinic validate]\n    components:")
GOOD = '{"id": "c1", "request": {"says": "a cold"}, "expect": true}\n'


def plan_of(text: str) -> Plan:
    plan = parse(text).plan
    assert plan is not None
    return plan


def problems(folder: Path, text: str = CASES, root: Path | None = None) -> tuple[Problem, ...]:
    return folder_problems(plan_of(text), str(folder / "plan.yaml"), root or folder)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    return tmp_path / "cases/routing.jsonl"


def test_a_plan_whose_cases_can_be_read_may_start(file: Path, tmp_path: Path) -> None:
    file.write_text(GOOD + "\n" + GOOD, "utf-8")

    assert problems(tmp_path) == ()


def test_a_case_file_that_is_not_there_is_named_with_its_path(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path)

    assert problem.code == "case-file-missing"
    assert problem.path == "cases.routing.file"
    assert problem.message == f"there is no file {tmp_path}/cases/routing.jsonl"
    assert problem.is_error


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "Expecting property name enclosed in double quotes at column 2"),
        ("[]", "it is no object"),
        ('{"id": "c2", "expect": true}', "it has no 'request'"),
        ('{"request": 1}', "it has no 'expect'"),
        ('{"request": 1, "expect": 1, "id": 2}', "its 'id' is no text"),
        ('{"request": 1, "expect": 1, "counts": []}', "its 'counts' is no name of a metric"),
        ('{"request": NaN, "expect": 1}', "NaN is no number in JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("\ufffd", "Expecting value at column 1"),
    ],
)
def test_a_broken_line_is_named_and_nothing_of_it_is_quoted(
    line: str, why: str, file: Path, tmp_path: Path
) -> None:
    file.write_text(GOOD + line + "\n", "utf-8")

    (problem,) = problems(tmp_path)

    assert problem.code == "case-file-broken"
    assert problem.message == f"the case file {file} is broken in line 2: {why}"


def test_bytes_that_are_no_text_are_a_broken_line(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xff\xfe\n")

    assert [problem.code for problem in problems(tmp_path)] == ["case-file-broken"]


def test_a_file_without_a_case_is_told(file: Path, tmp_path: Path) -> None:
    file.write_text("\n", "utf-8")

    assert [problem.code for problem in problems(tmp_path)] == ["case-file-empty"]


def test_a_folder_in_the_place_of_a_file_is_told(file: Path, tmp_path: Path) -> None:
    file.mkdir()

    assert [problem.code for problem in problems(tmp_path)] == ["case-file-unreadable"]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(file: Path, tmp_path: Path) -> None:
    file.symlink_to("/etc/passwd")

    assert [problem.code for problem in problems(tmp_path)] == ["case-file-outside"]


@pytest.mark.parametrize("text", [CASES, COMMAND])
def test_a_plan_with_steps_of_its_own_starts_only_below_the_root(text: str, tmp_path: Path) -> None:
    root = tmp_path / "plans"
    (root / "below").mkdir(parents=True)
    (tmp_path / "up").symlink_to("/etc")

    for folder in (tmp_path, root / "..", Path("/etc"), tmp_path / "up", Path("\0")):
        assert [one.code for one in problems(folder, text, root)] == ["plan-outside"]
    assert "plan-outside" not in [one.code for one in problems(root / "below", text, root)]


def test_a_plan_that_needs_no_folder_starts_from_anywhere(tmp_path: Path) -> None:
    assert problems(Path("/nowhere"), BARE, tmp_path) == ()


def test_problems_beside_a_plan_have_its_line(tmp_path: Path) -> None:
    found = parse(CASES, beside=lambda plan: folder_problems(plan, f"{tmp_path}/p", tmp_path))

    told = [(one.code, one.line) for one in found.problems if one.is_error]
    assert (found.plan, told) == (None, [("case-file-missing", 7)])
