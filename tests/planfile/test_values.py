from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.plan import Predicate
from phasegate.planfile import predicates, values
from phasegate.planfile.notes import Wrong


@pytest.mark.parametrize(
    ("text", "share"), [("2%", 0.02), ("0.1 %", 0.001), ("99.9%", 0.999), ("0%", 0.0)]
)
def test_a_percentage_is_the_nearest_float_of_its_share(text: str, share: float) -> None:
    assert values.share(text) == share


@pytest.mark.parametrize(
    ("text", "points"),
    [("25%", (2500,)), ("0.01 %", (1,)), ("5% then 15%", (500, 1500)), ("0% then 1%", (0, 100))],
)
def test_exposures_are_basis_points(text: str, points: tuple[int, ...]) -> None:
    assert values.exposures(text) == points


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("2.5h", timedelta(minutes=150)),
        ("2h30m", timedelta(minutes=150)),
        ("1d 2 h", timedelta(hours=26)),
        ("100 ms", timedelta(milliseconds=100)),
        ("15min", timedelta(minutes=15)),
    ],
)
def test_durations_carry_their_unit(text: str, duration: timedelta) -> None:
    assert values.duration(text) == duration


@pytest.mark.parametrize(
    ("text", "per_minute"), [("200/min", 200.0), ("3/s", 180.0), ("1200 / h", 20.0)]
)
def test_rates_are_per_minute(text: str, per_minute: float) -> None:
    assert values.rate(text) == per_minute


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("error", Predicate(field="error")),
        ("not opened", Predicate(field="opened", op="is not")),
        ("rating >= 4", Predicate(field="rating", op=">=", value=4.0)),
        ("delta<-1.5", Predicate(field="delta", op="<", value=-1.5)),
        ('outcome == "timeout"', Predicate(field="outcome", op="==", value="timeout")),
        ("retried != true", Predicate(field="retried", op="!=", value=True)),
        (
            "http.response.status_code < 500",
            Predicate(field="http.response.status_code", op="<", value=500.0),
        ),
    ],
)
def test_predicates_ask_about_one_observation(text: str, predicate: Predicate) -> None:
    assert predicates.predicate(text) == predicate


@pytest.mark.parametrize("text", ["outcome == timeout", 'rating > "4"', "a and b", "rating = 4"])
def test_a_predicate_that_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(Wrong) as refused:
        predicates.predicate(text)

    assert refused.value.code == "predicate-form"


@pytest.mark.parametrize("text", ["٣%", "1e3%", "-5%", "5%%", "+5%", "5 percent"])
def test_only_plain_digits_make_a_percentage(text: str) -> None:
    with pytest.raises(Wrong) as refused:
        values.exposure(text)

    assert refused.value.code == "share-form"


def test_a_flag_cannot_take_the_name_of_a_shadow() -> None:
    with pytest.raises(Wrong, match="cannot be a flag's key"):
        values.flag("new_cart.shadow")
