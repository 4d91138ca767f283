"""Documents say which of two is the newer one."""

from __future__ import annotations

import pytest

from phasegate.flags.compile import compile_document
from phasegate.flags.document import FlagState, document
from phasegate.flags.foreign import Watched, foreign_document
from phasegate.flags.journal import Journal
from phasegate.flags.order import Order, count_of, order_of
from phasegate.flags.rendering import rendered

TEN = Order(count="a" * 16, number=10)
CART = FlagState(key="cart", exposure=2500, on_trial=True)


@pytest.mark.parametrize(
    ("count", "number", "older"),
    [("a" * 16, 9, True), ("a" * 16, 10, False), ("a" * 16, 11, False), ("b" * 16, 1, False)],
)
def test_a_lower_number_of_the_same_count_is_older(count: str, number: int, older: bool) -> None:
    assert Order(count=count, number=number).before(TEN) is older
    assert not Order(count=count, number=number).before(None)


def test_a_document_carries_its_place_to_whoever_is_served_it() -> None:
    whole = rendered("production", 12, [CART], Journal(), TEN)

    assert order_of(whole) == TEN
    assert order_of(foreign_document(whole, Watched(until=None))) == TEN
    assert whole["metadata"]["version"] == "12"


def test_a_place_is_no_part_of_an_evaluation() -> None:
    flags = compile_document(rendered("production", 12, [CART], Journal(), TEN))

    assert dict(flags.evaluate("cart", "p", {}).metadata) == {
        "flagSetId": "production",
        "version": "12",
        "hashing": "v2",
        "onTrial": True,
    }


@pytest.mark.parametrize("said", [None, "", "ten", "a:", ":1", "a:-1", "a:1.5", 7, "a:" + "9" * 30])
def test_what_is_no_place_is_none(said: object) -> None:
    assert order_of({"metadata": {"documentOrder": said}}) is None
    assert order_of({"metadata": said}) is None
    assert order_of(document("production", 1, [])) is None


def test_stores_and_environments_count_each_for_themselves() -> None:
    counts = {count_of(secret, name) for secret in (b"one", b"two") for name in ("demo", "live")}

    assert len(counts) == 4
