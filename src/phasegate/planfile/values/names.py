"""Names, words and addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from phasegate.core.problem import suggestion
from phasegate.planfile.notes import Wrong

E = TypeVar("E", bound=Enum)
Convert = Callable[[str], str]
"""Takes a text as written; raises Wrong."""

NAME = r"[A-Za-z][A-Za-z0-9_-]{0,79}"
FIELD = r"[A-Za-z_][A-Za-z0-9_.]{0,79}"


def words(text: str) -> str:
    """Return text that says something."""
    if not text.strip():
        raise Wrong("value-missing", "the text is empty", "Write what it should say.")
    return text.strip()


def name(text: str) -> str:
    """Return a name: letters, digits, _ and -, a letter first."""
    if not re.fullmatch(NAME, text):
        raise Wrong(
            "name-form",
            f"{text[:80]!r} cannot be a name",
            "A name has letters, digits, _ and -, starts with a letter, and has 80 at most.",
        )
    return text


def one_of(kind: type[E]) -> Callable[[str], E]:
    """Return a reader of one of an enum's values."""

    def read(text: str) -> E:
        known = {member.value: member for member in kind}
        return known[choice(*known)(text)]

    return read


def choice(*known: str) -> Convert:
    """Return a reader of one of the known words."""

    def read(text: str) -> str:
        if text not in known:
            remedy = suggestion(text, known)
            raise Wrong("unknown-word", f"{text[:80]!r} is none of the known words", remedy)
        return text

    return read


def flag(text: str) -> str:
    """Return a flag's key; `.shadow` is taken for the flag beside it."""
    if not re.fullmatch(FIELD.replace("_.", "_.-"), text) or text.endswith(".shadow"):
        raise Wrong(
            "name-form",
            f"{text[:80]!r} cannot be a flag's key",
            "A key has letters, digits, _, . and -, and does not end in .shadow.",
        )
    return text


def url(text: str) -> str:
    """Return an HTTP address, or one that begins with an endpoint, like `{clinic}/health`."""
    if not re.match(r"(https?://[^\s/]|\{[^{}\s]+\})\S*$", text):
        raise Wrong(
            "url-form",
            "this is no HTTP address",
            'Write "http://…", "https://…", or an endpoint like "{clinic}/health".',
        )
    return text


def address(text: str) -> str:
    """Return where an endpoint is: a URL of whatever its source speaks, without a password."""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*:/\S*", text):
        raise Wrong("url-form", "this is no address", 'Write "https://…" or "postgresql://…".')
    if re.match(r"[^/]*//[^/?#]*@", text):
        raise Wrong(
            "address-secret",
            "the address carries a user or a password",
            "Leave them out: a plan is read by many. The server's environment holds them, as "
            "PHASEGATE_NAME_USER and PHASEGATE_NAME_PASSWORD.",
        )
    return text
