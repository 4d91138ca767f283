"""Bucketing never moves a subject: not between versions of the code, not when exposure grows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.flags.bucketing import bucket, bucket_v3, hash32, slot
from phasegate.flags.compile import FlagSet, compile_document
from phasegate.flags.document import FlagState, document

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "bucketing.json").read_text())

subjects = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
exposures = st.integers(0, 10_000)


def rollout(exposure: int, key: str = "new_cart", hashing: str = "v2") -> FlagSet:
    states = [FlagState(key=key, exposure=exposure)]
    return compile_document(document("production", 1, states, hashing))


def is_on(flags: FlagSet, subject: str, key: str = "new_cart") -> bool:
    return flags.evaluate(key, subject, {}).value is True


@pytest.mark.parametrize("row", VECTORS["hash"], ids=lambda row: repr(row["text"]))
def test_the_hash_of_a_text_is_frozen(row: dict) -> None:
    assert hash32(row["text"].encode()) == row["hash"]


@pytest.mark.parametrize("row", VECTORS["bucket"], ids=lambda row: row["flag"] + row["subject"])
def test_the_bucket_of_a_subject_is_frozen(row: dict) -> None:
    assert bucket(row["flag"] + row["subject"], 10_000) == row["bucket"]


@pytest.mark.parametrize("row", VECTORS["bucket"], ids=lambda row: row["flag"] + row["subject"])
def test_a_subject_is_on_from_its_bucket_upwards(row: dict) -> None:
    below, above = rollout(row["bucket"], row["flag"]), rollout(row["bucket"] + 1, row["flag"])

    assert not is_on(below, row["subject"], row["flag"])
    assert is_on(above, row["subject"], row["flag"])


@pytest.mark.parametrize("row", VECTORS["bucket_v3"], ids=lambda row: row["flag"] + row["subject"])
def test_the_bucket_of_a_subject_by_v3_is_frozen(row: dict) -> None:
    assert bucket_v3(row["flag"], row["subject"], 10_000) == row["bucket"]


@pytest.mark.parametrize("row", VECTORS["bucket_v3"], ids=lambda row: row["flag"] + row["subject"])
def test_a_flag_set_that_records_v3_is_hashed_by_v3(row: dict) -> None:
    flag, share = row["flag"], row["bucket"]
    for exposure, expected in ((share, False), (share + 1, True)):
        whole = document("production", 1, [FlagState(key=flag, exposure=exposure)])
        whole["metadata"]["hashing"] = "v3"

        assert is_on(compile_document(whole), row["subject"], flag) is expected


hashings = st.sampled_from(["v2", "v3"])


@given(subject=subjects, exposure=exposures, more=exposures, hashing=hashings)
def test_raising_an_exposure_never_takes_a_subject_out(
    subject: str, exposure: int, more: int, hashing: str
) -> None:
    lower, higher = sorted((exposure, more))

    before = is_on(rollout(lower, hashing=hashing), subject)

    assert before <= is_on(rollout(higher, hashing=hashing), subject)


@given(subject=subjects, exposure=exposures, hashing=hashings)
def test_lowering_and_raising_again_gives_the_same_subjects(
    subject: str, exposure: int, hashing: str
) -> None:
    before = is_on(rollout(exposure, hashing=hashing), subject)
    rollout(exposure // 2, hashing=hashing)

    assert is_on(rollout(exposure, hashing=hashing), subject) == before


@given(subject=subjects)
def test_nobody_is_on_at_zero_and_everybody_at_full_exposure(subject: str) -> None:
    assert not is_on(rollout(0), subject)
    assert is_on(rollout(10_000), subject)


MILLION = 1_000_000


@pytest.mark.parametrize("hashing", ["v2", "v3"])
def test_the_share_of_exposed_subjects_is_the_exposure(hashing: str) -> None:
    is_one_on = rollout(2500, hashing=hashing).evaluate

    exposed = sum(
        is_one_on("new_cart", f"patient-{number}", {}).value is True for number in range(MILLION)
    )

    # Chi-square with one degree of freedom, 0.1 % level; the subjects are fixed, so it is no lot.
    assert (exposed - 0.25 * MILLION) ** 2 / (0.25 * 0.75 * MILLION) < 10.83


@pytest.mark.parametrize(
    "fallen",
    [
        lambda number: bucket(f"new_cartpatient-{number}", 100),
        lambda number: bucket_v3("new_cart", f"patient-{number}", 100),
    ],
    ids=["v2", "v3"],
)
def test_buckets_are_even(fallen: Callable[[int], int]) -> None:
    cells = [0] * 100
    for number in range(MILLION):
        cells[fallen(number)] += 1

    # Chi-square with 99 degrees of freedom, 0.1 % level.
    assert sum((seen - MILLION / 100) ** 2 / (MILLION / 100) for seen in cells) < 148.2


@pytest.mark.parametrize("hashing", ["v2", "v3"])
def test_two_flags_choose_their_subjects_independently(hashing: str) -> None:
    states = [FlagState(key="new_cart", exposure=5000), FlagState(key="new_search", exposure=5000)]
    evaluate = compile_document(document("production", 1, states, hashing)).evaluate
    cells = [0] * 4
    for number in range(MILLION):
        subject = f"patient-{number}"
        cart = evaluate("new_cart", subject, {}).value is True
        cells[2 * cart + (evaluate("new_search", subject, {}).value is True)] += 1

    # Chi-square with three degrees of freedom, 0.1 % level.
    assert sum((seen - MILLION / 4) ** 2 / (MILLION / 4) for seen in cells) < 16.27


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([0, 5], 1),
        ([-5, 5], 1),
        ([5.0], 0),
        ([], -1),
        ([0, 0], -1),
        ([2.5, 5], -1),
        (["5"], -1),
        ([True], -1),
        ([2**31], -1),
    ],
)
def test_computed_weights_are_clamped_and_checked(weights: list, expected: int) -> None:
    assert slot(hash32(b"new_cartpatient-1"), weights) == expected
