"""Labelled cases read as a level: how many of a hundred answers are right now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phasegate import planfile
from phasegate.adapters.metrics.cases import CasesSource
from phasegate.core.plan import Metric, MetricKind
from phasegate.engine.observer import known_to_sources
from phasegate.ports import CountQuestion, NoData, Unavailable
from phasegate.testing.source_suite import LevelStage, LevelSuite
from phasegate.testing.story import Story

Endpoint = Any
ALL, RIGHT = 200, 83


def level(name: str, cases: str) -> Metric:
    return Metric(name=name, kind=MetricKind.LEVEL, source="cases", cases=cases, unit="%")


def write(folder: Path, name: str, *counts: str | None) -> None:
    lines = [
        json.dumps({"id": f"c{n}", "request": {"n": n}, "expect": True, "counts": counted})
        for n, counted in enumerate(counts)
    ]
    (folder / name).write_text("\n".join(lines))


@pytest.fixture
def stage(endpoint: Endpoint, tmp_path: Path) -> LevelStage:
    endpoint.replies["/answer"] = lambda asked: (200, {"answer": asked["n"] < RIGHT})
    write(tmp_path, "triage.jsonl", *[None] * ALL)
    write(tmp_path, "others.jsonl", "another_metric")

    def known(url: str) -> dict[str, str]:
        told = {}
        for name in ("triage", "others", "gone"):
            told |= {f"{name}.directory": str(tmp_path), f"{name}.file": f"{name}.jsonl"}
            told[f"{name}.url"] = f"{url}/answer"
        return told

    return LevelStage(
        source=CasesSource(),
        endpoints=known(endpoint.url),
        nowhere=known("http://a:secret@127.0.0.1:9"),
        one=level("triage_right", "triage"),
        several=None,
        none=level("nothing", "others"),
        no_number=level("nobodys", "others"),
    )


class TestCasesSource(LevelSuite):
    @pytest.fixture
    def stage(self, stage: LevelStage) -> LevelStage:
        return stage


def test_every_reading_runs_the_cases_anew(stage: LevelStage, endpoint: Endpoint) -> None:
    before = stage.level(stage.one)
    endpoint.replies["/answer"] = lambda _: (200, {"answer": True})

    assert (before, stage.level(stage.one)) == (41.5, 100.0)


def test_one_case_without_an_answer_leaves_all_unsaid(
    stage: LevelStage, endpoint: Endpoint
) -> None:
    endpoint.replies["/answer"] = lambda asked: (500 if asked["n"] == 7 else 200, {"answer": True})

    with pytest.raises(Unavailable, match="triage_right: case c7"):
        stage.level(stage.one)


def test_cases_that_are_gone_or_unknown_are_unavailable(stage: LevelStage) -> None:
    with pytest.raises(Unavailable, match=r"no file .*gone\.jsonl"):
        stage.level(level("lost", "gone"))
    with pytest.raises(Unavailable, match="no cases called 'dreamt'"):
        stage.level(level("lost", "dreamt"))


def test_cases_have_no_arms(stage: LevelStage) -> None:
    question = CountQuestion(
        metric=stage.one,
        component="cart",
        flag="cart",
        bound=None,
        since=0,
        until=10,
        step=10,
        endpoints=stage.endpoints,
    )

    with pytest.raises((Unavailable, NoData), match="of no arm"):
        stage.source.counts(question)


PLAN = """\
plan: checkout
environment: demo
author: ada
traffic: 6000/min
endpoints: {shop: "http://shop.example"}
cases:
  triage: {file: cases/triage.jsonl, url: "{shop}/answer"}
metrics:
  error_rate: {kind: share, bad: error}
  still_right: {kind: level, source: cases, cases: triage, unit: "%", hold: 1m}
phases:
  alpha:
    title: A few
    lasts: 1h to 8h
    components: {new_cart: 50%}
    pass_when: [error_rate < 5%]
    roll_back_when: [error_rate > 10%, still_right < 98%]
    sign_off: [approver]
"""


def test_a_plan_may_guard_with_them_and_the_source_learns_where_they_are() -> None:
    parsed = planfile.parse(PLAN, "plans/checkout.yaml")
    assert parsed.plan is not None, parsed.problems
    story = Story(parsed.plan)
    story.tell("phase_started", {"phase": "alpha"})

    known = known_to_sources(parsed.plan, story.run, "plans/checkout.yaml")

    assert known["triage.directory"] == "plans"
    assert known["triage.file"] == "cases/triage.jsonl"
    assert known["triage.url"] == "http://shop.example/answer"
    assert not [problem for problem in parsed.problems if "cases" in problem.code]


def test_a_share_of_cases_is_no_guard_and_the_remedy_names_the_level() -> None:
    share = "still_right: {kind: share, good: correct, source: cases, cases: triage}"
    text = PLAN.replace(
        'still_right: {kind: level, source: cases, cases: triage, unit: "%", hold: 1m}', share
    )

    problems = planfile.parse(text, "plans/checkout.yaml").problems

    (found,) = [problem for problem in problems if problem.code == "guard-over-cases"]
    assert "level from the cases" in found.remedy
