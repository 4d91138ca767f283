"""Labelled cases as a check: every case goes through the endpoint, right and wrong are counted."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any  # a case's request is the endpoint's business

import httpx
import msgspec

from phasegate.adapters.unanswered import unanswered
from phasegate.ports import Exercise, Unavailable

NO_ANSWER = object()
"""Equal to nothing that a case may expect, null included."""


class _Case(msgspec.Struct):
    request: Any
    expect: Any
    id: str = ""
    counts: str | None = None


class EvaluateCheck:
    """Posts each case's request and compares `answer` with what the case expects.

    Options: file (JSON lines, within directory, links followed), url, counts (only cases that
    name this metric in `counts`, or name none). How good the answers are is for the gate to judge;
    the check itself passes once every case was exercised.
    """

    def exercise(self, options: Mapping[str, str], deadline_s: float) -> Exercise:
        """Count wrong answers. Raises Unavailable if a case got no answer at all."""
        path = _inside(options["directory"], options["file"])
        cases, mark = _read(path, options.get("counts", ""))
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
            return Exercise(passed=True, exercised=0, bad=0, seen=f"{told} ({mark})")
        missed = f"; wrong: {', '.join(wrong[:10])}" if wrong else ""
        return Exercise(
            passed=True,
            exercised=len(cases),
            bad=len(wrong),
            seen=f"{len(cases) - len(wrong)} of {len(cases)} cases right{missed} ({mark})",
        )


def _inside(directory: str, file: str) -> Path:
    """Return where a file is. Raises Unavailable where that is not in the plan's folder."""
    try:
        folder = Path(directory).resolve()
        path = (folder / file).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise Unavailable(f"the case file {file!r} cannot be read: no such path") from error
    # Links are followed first: one out of the folder leads to whatever the server may read.
    if not path.is_relative_to(folder):
        raise Unavailable(
            f"the case file {file!r} is not in the plan's folder; put it there [case-file-outside]"
        )
    if path.exists() and not path.is_file():
        raise Unavailable(f"the case file {path.name} cannot be read: it is no plain file")
    return path


def _read(path: Path, counts: str) -> tuple[list[_Case], str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"the case file {path.name} cannot be read: {error.strerror}") from error
    lines = enumerate(raw.splitlines(), start=1)
    cases = [_case(path, number, line) for number, line in lines if line.strip()]
    mine = [case for case in cases if case.counts in (None, counts)]
    return mine, f"{path.name} sha256 {hashlib.sha256(raw).hexdigest()[:12]}"


def _case(path: Path, number: int, line: bytes) -> _Case:
    try:
        return msgspec.json.decode(line, type=_Case)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"the case file {path.name} is broken in line {number}: {error}"
        ) from error


def _answer(client: httpx.Client, url: str, case: _Case) -> object:
    try:
        answer = client.post(url, json=case.request)
        answer.raise_for_status()
        body = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"case {case.id}: {unanswered(url, error)}") from error
    return body.get("answer", NO_ANSWER) if isinstance(body, dict) else NO_ANSWER
