"""Versions are ordered as semver 2.0 says, and read as generously as flagd reads them."""

from __future__ import annotations

import pytest

from phasegate.flags.semver import compare_versions, version

# The example of semver.org, section 11.
ASCENDING = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
]


def test_versions_ascend() -> None:
    assert sorted(reversed(ASCENDING), key=version) == ASCENDING


@pytest.mark.parametrize("lower", range(len(ASCENDING) - 1))
def test_each_version_is_below_the_next(lower: int) -> None:
    assert compare_versions(ASCENDING[lower], "<", ASCENDING[lower + 1]) is True
    assert compare_versions(ASCENDING[lower], ">=", ASCENDING[lower + 1]) is False


@pytest.mark.parametrize("text", ["v1.2.0", "V1.2.0", "1.2", 1.2, "1.2.0+build.7", " 1.2.0 "])
def test_a_version_has_many_spellings(text: object) -> None:
    assert compare_versions(text, "=", "1.2.0") is True


@pytest.mark.parametrize("text", ["", "one", "1.2.3.4", "1..2", "-1", None, True, [1], "1.2.0-"])
def test_what_is_no_version_compares_to_null(text: object) -> None:
    assert compare_versions(text, "=", "1.2.0") is None
    assert compare_versions("1.2.0", "=", text) is None


@pytest.mark.parametrize("relation", ["===", "", None, "=>"])
def test_an_unknown_relation_compares_to_null(relation: object) -> None:
    assert compare_versions("1.2.0", relation, "1.2.0") is None


@pytest.mark.parametrize(
    ("seen", "relation", "expected"),
    [("1.9.9", "^", True), ("2.0.0", "^", False), ("1.2.9", "~", True), ("1.3.0", "~", False)],
)
def test_caret_keeps_the_major_and_tilde_the_minor(
    seen: str, relation: str, expected: bool
) -> None:
    assert compare_versions(seen, relation, "1.2.0") is expected
