"""Labelled cases as a check: every case goes through the endpoint, right and wrong are counted."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx

from phasegate.adapters.unanswered import unanswered
from phasegate.planfile.casefile import Case, read_cases
from phasegate.ports import Exercise, Unavailable

NO_ANSWER = object()
"""Equal to nothing that a case may expect, null included."""


class EvaluateCheck:
    """Posts each case's request and compares `answer` with what the case expects.

    Options: file (JSON lines, within directory, links followed), url, counts (only cases that
    name this metric in `counts`, or name none). How good the answers are is for the gate to judge;
    the check itself passes once every case was exercised.
    """

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Count wrong answers. Raises Unavailable if a case got no answer at all."""
        file = read_cases(options["directory"], options["file"])
        counts = (None, options.get("counts", ""))
        cases = [case for case in file.cases if case.counts in counts]
        until = time.monotonic() + deadline_s
        wrong: list[str] = []
        with httpx.Client(timeout=10.0) as client:
            for case in cases:
                if time.monotonic() > until:
                    raise Unavailable(f"{len(cases)} cases took longer than {deadline_s:.0f} s")
                if _answer(client, options["url"], case) != case.expect:
                    wrong.append(case.id)
        if not cases:
            named = options.get("counts", "")
            told = f"no case counts for {named!r}: all name other metrics, or there is none"
            return Exercise(passed=True, exercised=0, bad=0, seen=f"{told} ({file.mark})")
        missed = f"; wrong: {', '.join(wrong[:10])}" if wrong else ""
        return Exercise(
            passed=True,
            exercised=len(cases),
            bad=len(wrong),
            seen=f"{len(cases) - len(wrong)} of {len(cases)} cases right{missed} ({file.mark})",
        )


def _answer(client: httpx.Client, url: str, case: Case) -> object:
    try:
        answer = client.post(url, json=case.request)
        answer.raise_for_status()
        body = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"case {case.id}: {unanswered(url, error)}") from error
    return body.get("answer", NO_ANSWER) if isinstance(body, dict) else NO_ANSWER
