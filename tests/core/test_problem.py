from __future__ import annotations

from phasegate.core.problem import Problem, Severity, suggestion, unknown


def test_a_problem_without_a_file_is_shown_without_a_line() -> None:
    problem = unknown("phases.alpha.before[0]", "check", "databse", ["database", "cache"])

    assert problem.shown("checkout") == (
        "checkout  phases.alpha.before[0]: no check is called 'databse'\n"
        "    Did you mean database? Known: database, cache.  [unknown-check]  "
        "phasegate explain unknown-check"
    )


def test_a_warning_says_that_it_is_one() -> None:
    problem = Problem(
        path="metrics.cpu",
        code="metric-unused",
        message="nobody asks",
        remedy="Ask.",
        severity=Severity.WARNING,
        line=4,
    )

    assert not problem.is_error
    assert problem.shown("a.yaml").startswith("a.yaml:4  metrics.cpu: warning: nobody asks\n")


def test_nothing_near_means_no_question() -> None:
    assert suggestion("zzz", ["database"]) == "Known: database."


def test_nothing_known_is_said() -> None:
    assert suggestion("zzz", []) == "Known: none."
