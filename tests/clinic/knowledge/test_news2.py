import csv
from pathlib import Path

import pytest

from clinic.knowledge import news2
from clinic.records import Vitals

TABLE = "shared/data/news2_boundaries/news2_boundaries.csv"
PLACES = [place / TABLE for place in Path(__file__).parents]
BOUNDARIES = next((place for place in PLACES if place.is_file()), PLACES[0])
NORMAL = Vitals(
    respiratory_rate=16, spo2=98, systolic=120, pulse=70, consciousness="A", temperature=37.0
)


@pytest.mark.skipif(not BOUNDARIES.exists(), reason="shared data is absent")
def test_every_threshold_scores_as_the_chart_says():
    with BOUNDARIES.open() as file:
        rows = list(csv.DictReader(file))

    wrong = [row for row in rows if _points(row) != int(row["points"])]

    assert len(rows) == 127
    assert wrong == []


@pytest.mark.parametrize(
    ("vitals", "points"),
    [
        (Vitals(respiratory_rate=8), 3),
        (Vitals(respiratory_rate=21), 2),
        (Vitals(spo2=92), 2),
        (Vitals(spo2=96, on_oxygen=True), 2),
        (Vitals(spo2=88, hypercapnic=True), 0),
        (Vitals(spo2=97, hypercapnic=True, on_oxygen=True), 5),
        (Vitals(systolic=220), 3),
        (Vitals(pulse=131), 3),
        (Vitals(consciousness="C"), 3),
        (Vitals(temperature=38.05), 1),
    ],
)
def test_a_single_measurement_scores_its_points(vitals, points):
    assert news2.least(vitals) == points


def test_all_normal_is_zero_and_a_missing_measurement_makes_no_total():
    assert news2.total(NORMAL) == 0
    assert news2.total(Vitals(pulse=70)) is None


def _points(row):
    oxygen = row["breathing"] == "oxygen"
    value = row["value"]
    match row["parameter"]:
        case "spo2_scale1":
            return news2.points(Vitals(spo2=int(value)))["spo2"]
        case "spo2_scale2":
            scored = Vitals(spo2=int(value), hypercapnic=True, on_oxygen=oxygen)
            return news2.points(scored)["spo2"]
        case "supplemental_oxygen":
            return news2.points(Vitals(spo2=98, on_oxygen=oxygen))["oxygen"]
        case "consciousness_acvpu":
            return news2.least(Vitals(consciousness=value))
        case "temperature_c":
            return news2.least(Vitals(temperature=float(value)))
        case "systolic_bp":
            return news2.least(Vitals(systolic=int(value)))
        case name:
            return news2.least(Vitals(**{name: int(value)}))
