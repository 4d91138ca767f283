from __future__ import annotations

import pytest

from phasegate.core.judge.words import counted, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.18181, "18.2 %"),
        (0.0004, "0.04 %"),
        (0.9995, "99.95 %"),
        (0.999999, "below 100 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_reads_as_people_write_it(share: float, text: str) -> None:
    assert percent(share) == text


def test_one_patient_is_singular() -> None:
    assert (counted(1, "patient"), counted(2, "patient")) == ("1 patient", "2 patients")
