"""Files of labelled cases: JSON lines in the plan's folder, read whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn  # a case's request is the endpoint's business

from phasegate.ports import Unavailable


class UnusableCases(Unavailable):
    """A file of cases that cannot be used: what is wrong, what to do, and a stable code."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy} [{code}]")
        self.code = code
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question with its known answer. counts: the only metric that it counts for, if any."""

    request: Any
    expect: Any
    id: str
    counts: str | None


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """All cases of a file. mark: its name and the beginning of its SHA-256, for evidence."""

    cases: tuple[Case, ...]
    mark: str


def read_cases(directory: str, file: str) -> CaseFile:
    """Return the cases of a file in a plan's folder. Raises UnusableCases."""
    path = _inside(Path(directory), file)
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        remedy = "Put it there, on the machine of the server, before the run starts."
        raise UnusableCases("case-file-missing", f"there is no file {path}", remedy) from error
    except OSError as error:
        raise _unreadable(str(path), error.strerror or type(error).__name__) from error
    cases = tuple(_cases(path, raw))
    return CaseFile(cases=cases, mark=f"{path.name} sha256 {hashlib.sha256(raw).hexdigest()[:12]}")


def _inside(directory: Path, file: str) -> Path:
    """Return where a file is. Raises UnusableCases where that is not in the plan's folder."""
    try:
        folder = directory.resolve()
        path = (folder / file).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(repr(file), "no such path") from error
    # Links are followed first: one out of the folder leads to whatever the server may read.
    if not path.is_relative_to(folder):
        raise UnusableCases(
            "case-file-outside",
            f"the case file {file!r} is not in the plan's folder",
            "Put it beside the plan, or below it; links out of the folder are not followed.",
        )
    if path.exists() and not path.is_file():
        raise _unreadable(str(path), "it is no plain file")
    return path


def _unreadable(name: str, why: str) -> UnusableCases:
    remedy = "Let the server's user read it."
    return UnusableCases(
        "case-file-unreadable", f"the case file {name} cannot be read: {why}", remedy
    )


def _cases(path: Path, raw: bytes) -> Iterator[Case]:
    for number, line in enumerate(raw.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _case(json.loads(line.decode("utf-8-sig"), parse_constant=_no_number))
        except (ValueError, RecursionError) as error:
            raise UnusableCases(
                "case-file-broken",
                f"the case file {path} is broken in line {number}: {_why(error)}",
                'Each line is one object such as {"id": "c1", "request": {…}, "expect": true}.',
            ) from error


def _case(line: object) -> Case:
    if not isinstance(line, dict):
        raise _Shape("it is no object")
    missing = [name for name in ("request", "expect") if name not in line]
    if missing:
        raise _Shape(f"it has no {missing[0]!r}")
    name, counts = line.get("id", ""), line.get("counts")
    if not isinstance(name, str):
        raise _Shape("its 'id' is no text")
    if not isinstance(counts, str | None):
        raise _Shape("its 'counts' is no name of a metric")
    return Case(request=line["request"], expect=line["expect"], id=name, counts=counts)


class _Shape(ValueError):
    """JSON, and no case."""


def _why(error: Exception) -> str:
    # What the line holds may be of a patient, so nothing of it is quoted.
    if isinstance(error, _Shape):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "it is no JSON"


def _no_number(word: str) -> NoReturn:
    raise _Shape(f"{word} is no number in JSON")
