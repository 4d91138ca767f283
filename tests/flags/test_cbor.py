"""Deterministic CBOR, against the examples of RFC 8949 and an independent encoder's hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phasegate.flags.bucketing import hash32
from phasegate.flags.cbor import cbor, cbor_text, pair_prefix

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "bucketing.json").read_text())

RFC_8949_APPENDIX_A = [
    (0, "00"),
    (23, "17"),
    (24, "1818"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-1, "20"),
    (-100, "3863"),
    (1.1, "fb3ff199999999999a"),
    (1.5, "f93e00"),
    (3.4028234663852886e38, "fa7f7fffff"),
    (1.0e300, "fb7e37e43c8800759c"),
    (5.960464477539063e-8, "f90001"),
    (-4.1, "fbc010666666666666"),
    (float("inf"), "f97c00"),
    (float("-inf"), "f9fc00"),
    (float("nan"), "f97e00"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    ("", "60"),
    ("IETF", "6449455446"),
    ("\u00fc", "62c3bc"),
    ("\u6c34", "63e6b0b4"),
    ([], "80"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    ({}, "a0"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
]


@pytest.mark.parametrize(("value", "encoded"), RFC_8949_APPENDIX_A, ids=str)
def test_a_value_is_encoded_as_in_the_standard(value: object, encoded: str) -> None:
    assert cbor(value).hex() == encoded


@pytest.mark.parametrize("row", VECTORS["cbor"], ids=lambda row: repr(row["value"])[:40])
def test_the_hash_of_a_value_is_frozen(row: dict) -> None:
    assert hash32(cbor(row["value"])) == row["hash"]


@pytest.mark.parametrize("row", VECTORS["cbor_whole_floats"], ids=lambda row: row["float"])
def test_a_float_without_fraction_is_the_integer_it_equals(row: dict) -> None:
    assert hash32(cbor(float(row["float"]))) == row["hash"]


def test_keys_are_ordered_by_their_encoding_and_not_by_their_letters() -> None:
    assert cbor({"aa": 1, "z": 2}) == cbor({"z": 2, "aa": 1}) == bytes.fromhex("a2617a0262616101")


def test_the_prefix_of_a_pair_is_the_pair_without_its_second_text() -> None:
    assert pair_prefix("new_cart") + cbor_text("patient-1") == cbor(["new_cart", "patient-1"])


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        cbor({1, 2})
    with pytest.raises(UnicodeEncodeError):
        cbor(json.loads('"\\ud800"'))
