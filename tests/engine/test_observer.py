"""Steps and levels: what is carried out when, and that nothing unseen ever looks like health."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from phasegate import planfile
from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.evidence import Outcome, Position, Tally
from phasegate.core.plan import CheckSpec, Plan, Step, StepKind
from phasegate.engine.background import Background
from phasegate.engine.observer import TRY_AGAIN, Observer, options_of
from phasegate.ports import Exercise, NoData, Unavailable
from phasegate.testing.checkout import NOON
from phasegate.testing.dial import Dial
from phasegate.testing.story import RUN, Story
from phasegate.testing.world import AtOnce, FixedCheck, FixedSource

PLAN = """
plan: checkout
environment: staging
author: ada
endpoints: {clinic: "http://127.0.0.1:1"}
checks:
  database: {kind: http, url: "{clinic}/health"}
cases:
  answers: {file: cases/answers.jsonl, url: "{clinic}/answer"}
metrics:
  error_rate: {kind: share, bad: error}
  right: {kind: share, good: correct, source: cases, cases: answers}
  memory: {kind: level, source: http_json, query: "{clinic}/stats#memory", unit: "%", hold: 50s}
phases:
  alpha:
    title: Half
    lasts: 10m to 1h
    before:
      - run: check-database --all
      - check: database
      - evaluate: {cases: answers, metric: right}
    components: {new_cart: 50%}
    pass_when: [error_rate < 5%, memory < 80%]
    roll_back_when: [error_rate > 5%, memory > 90%]
  beta:
    title: More
    lasts: 10m to 1h
    components: {new_prices: 50%}
    pass_when: [error_rate < 5%]
    roll_back_when: [error_rate > 5%, memory > 90%]
"""

SECOND = timedelta(seconds=1)


class Broken:
    """A check and a source that have a bug."""

    def exercise(self, *_: object) -> Exercise:
        raise RuntimeError("an index is out of range; token=secret")

    def read(self, *_: object) -> float:
        raise RuntimeError("an index is out of range")


class Gone:
    """A check and a source that do not answer."""

    def exercise(self, *_: object) -> Exercise:
        raise Unavailable("nobody answers")

    def read(self, *_: object) -> float:
        raise NoData("nothing there")


class Bench:
    """An observer at work for one run, on a dial."""

    def __init__(
        self,
        check: object = None,
        source: object = None,
        executor: Executor | None = None,
        readings: Executor | None = None,
    ):
        self.store = MemoryStore()
        self.dial = Dial()
        self.woken = 0
        self.check = check or FixedCheck()
        plan = planfile.parse_unreviewed(PLAN, "plans/checkout.yaml").plan
        assert plan is not None
        self.plan: Plan = plan
        self.story = Story(plan)
        self.story.tell("phase_started", {"phase": "alpha"})
        self.observer = Observer(
            store=self.store,
            checks={name: self.check for name in ("command", "http", "evaluate")},
            sources={"http_json": source or FixedSource()},
            executor=executor or AtOnce(),
            readings=readings or executor or AtOnce(),
            clock=self.dial,
            wake=self._wake,
            writer="bench",
        )

    def turn(self, *, step: int = 0) -> None:
        """Do for one step what a turn of the reconciler does."""
        run, steps = self.story.run, self.plan.phase("alpha").before[step : step + 1]
        found = [f for f in self.store.findings(RUN) if f.attempt == run.phase_attempt]
        self.observer.begin(self.plan, run, "plans/checkout.yaml", steps, found)

    def outcomes(self) -> list[Outcome]:
        return [finding.outcome for finding in self.store.findings(RUN)]

    def levels(self) -> list[Tally]:
        self.observer.read_levels(self.plan, self.story.run, "plans/checkout.yaml")
        upto_ms = int(self.dial().timestamp() * 1000)
        return [stored.tally for stored in self.store.tallies(RUN, Position(), upto_ms)]

    def _wake(self) -> None:
        self.woken += 1


def answering(**said: object) -> FixedCheck:
    check = FixedCheck()
    check.answers["check-database --all"] = Exercise(**{"seen": "-", **said})
    return check


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_a_finding_says_what_was_exercised_and_wakes_the_engine() -> None:
    bench = Bench(answering(passed=True, exercised=7, bad=2, seen="7 tables"))

    bench.turn()

    (finding,) = bench.store.findings(RUN)
    assert (finding.outcome, finding.exercised, finding.bad) == (Outcome.PASS, 7, 2)
    assert (finding.step, finding.phase, finding.attempt) == (
        "run check-database --all",
        "alpha",
        1,
    )
    assert (finding.seen, finding.at, bench.woken) == ("7 tables", NOON, 1)


def test_a_check_that_exercised_nothing_is_invalid_even_if_it_passed() -> None:
    bench = Bench(answering(passed=True, exercised=0))

    bench.turn()

    assert bench.outcomes() == [Outcome.INVALID]


def test_a_check_that_could_not_do_its_job_is_invalid() -> None:
    for check in (answering(passed=None, exercised=3), Gone()):
        bench = Bench(check)
        bench.turn()
        assert bench.outcomes() == [Outcome.INVALID]


def test_a_check_that_breaks_is_invalid_and_tells_no_secret() -> None:
    bench = Bench(Broken())

    bench.turn()

    (finding,) = bench.store.findings(RUN)
    assert finding.outcome is Outcome.INVALID
    assert finding.seen == "the check itself broke: RuntimeError"
    assert bench.woken == 1


def test_a_kind_of_check_that_is_not_installed_is_invalid() -> None:
    bench = Bench()
    bench.observer._checks = {}

    bench.turn()

    assert bench.outcomes() == [Outcome.INVALID]


@pytest.mark.parametrize("passed", [True, False])
def test_a_verdict_is_final_for_the_attempt(passed: bool) -> None:
    bench = Bench(answering(passed=passed, exercised=1))

    for _ in range(3):
        bench.turn()
        bench.dial.turn(2 * TRY_AGAIN)

    assert len(bench.outcomes()) == 1


def test_what_could_not_do_its_job_is_tried_again_after_a_while() -> None:
    bench = Bench(check := answering(passed=None, exercised=0))
    bench.turn()

    bench.dial.turn(TRY_AGAIN - SECOND)
    bench.turn()
    assert bench.outcomes() == [Outcome.INVALID]

    bench.dial.turn(SECOND)
    check.answers.clear()
    bench.turn()
    assert bench.outcomes() == [Outcome.INVALID, Outcome.PASS]


def test_what_does_not_answer_for_long_is_tried_less_and_less_often() -> None:
    bench = Bench(answering(passed=None, exercised=0))

    for _ in range(720):
        bench.turn()
        bench.dial.turn(TRY_AGAIN)

    assert 60 < len(bench.outcomes()) < 90  # in an hour, not 720


def test_a_new_attempt_of_the_phase_exercises_its_steps_again() -> None:
    bench = Bench()
    bench.turn()

    bench.story.tell("retried", {"phase": "alpha", "components": {}, "reason": "mended"})
    bench.turn()

    assert [finding.attempt for finding in bench.store.findings(RUN)] == [1, 2]


def test_a_step_at_work_is_not_begun_again(threads: ThreadPoolExecutor) -> None:
    class Slow:
        begun, go = 0, threading.Event()

        def exercise(self, *_: object) -> Exercise:
            self.begun += 1
            self.go.wait(60)
            return Exercise(passed=True, exercised=1, seen="-")

    bench = Bench(slow := Slow(), executor=threads)

    for _ in range(5):
        bench.turn()
    slow.go.set()
    threads.shutdown()

    assert slow.begun == 1
    assert bench.outcomes() == [Outcome.PASS]


def test_levels_are_read_while_a_step_takes_long() -> None:
    go = threading.Event()

    class Slow:
        def exercise(self, *_: object) -> Exercise:
            go.wait(60)
            return Exercise(passed=True, exercised=1, seen="-")

    steps = Background(1, "steps")
    bench = Bench(Slow(), executor=steps, readings=AtOnce())

    bench.turn()
    bench.story.exposed("alpha")

    assert len(bench.levels()) == 1
    go.set()
    assert steps.end(30)


def test_a_step_that_is_given_up_leaves_no_finding_and_is_due_again() -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow:
        def exercise(self, *_: object) -> Exercise:
            begun.set()
            go.wait(60)
            return Exercise(passed=False, exercised=1, seen="exit code -9")

    steps = Background(1, "steps")
    bench = Bench(Slow(), executor=steps)

    bench.turn()
    assert begun.wait(30)
    bench.observer.stop()
    ended_at_once = steps.end(0.05)
    go.set()

    assert not ended_at_once
    assert steps.end(30)
    assert bench.outcomes() == []


def test_a_step_has_the_plans_deadline() -> None:
    bench = Bench(check := FixedCheck())

    bench.turn()

    assert check.asked == ["check-database --all within 600 s"]


def test_each_kind_of_step_gets_its_options_with_endpoints_filled_in() -> None:
    bench = Bench()
    run, steps = bench.story.run, bench.plan.phase("alpha").before
    command, check, cases = (options_of(bench.plan, run, step, "plans/a.yaml") for step in steps)

    assert command["kind"] == "command"
    assert command["command"] == "check-database --all"
    assert command["env.CLINIC_URL"] == "http://127.0.0.1:1"
    assert command["env.PHASEGATE_RUN"] == RUN
    assert check["kind"] == "http"
    assert check["url"] == "http://127.0.0.1:1/health"
    assert cases["kind"] == "evaluate"
    assert cases["file"] == "cases/answers.jsonl"
    assert cases["counts"] == "right"
    assert {options["directory"] for options in (command, check, cases)} == {str(Path("plans"))}


def test_levels_are_read_only_while_something_is_exposed() -> None:
    bench = Bench()
    assert bench.levels() == []

    bench.story.exposed("alpha")
    (level,) = bench.levels()

    assert (level.total, level.seen, level.bucket) == (40.0, 1, int(NOON.timestamp()))


def test_a_level_is_read_five_times_while_it_must_hold() -> None:
    bench = Bench()
    bench.story.exposed("alpha")

    for _ in range(50):
        levels = bench.levels()
        bench.dial.turn(SECOND)

    assert len(levels) == 5


def test_a_level_that_two_exposed_phases_watch_is_read_for_both() -> None:
    bench = Bench()
    bench.story.exposed("alpha")
    bench.story.tell("phase_passed", {"phase": "alpha", "gates": []})
    bench.story.tell("phase_started", {"phase": "beta"})
    bench.story.exposed("beta")

    assert [level.phase for level in bench.levels()] == ["alpha", "beta"]


def test_a_level_that_cannot_be_read_leaves_nothing_that_looks_like_one() -> None:
    for source in (FixedSource(None), Gone()):
        bench = Bench(source=source)
        bench.story.exposed("alpha")
        assert bench.levels() == []


def test_a_source_that_breaks_is_told_in_the_log(
    threads: ThreadPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench(source=Broken(), executor=threads)
    bench.story.exposed("alpha")

    bench.levels()
    threads.shutdown()

    assert "observer_broke" in capsys.readouterr().out
    assert bench.levels() == []


def test_no_option_of_a_check_chooses_another_folder() -> None:
    bench = Bench()
    check = CheckSpec(name="odd", kind="command", options=(("directory", "/etc"),))
    plan = replace(bench.plan, checks=(check,))
    step = Step(kind=StepKind.CHECK, argument="odd")

    assert options_of(plan, bench.story.run, step, "plans/a.yaml")["directory"] == "plans"
