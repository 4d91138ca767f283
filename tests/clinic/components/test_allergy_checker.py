import pytest

from clinic.components import allergy_checker
from clinic.records import Allergy, Item


def found(version, item, substance, severity="moderate"):
    items = (Item(text=item, kind="medicine"),)
    concerns = version(items, (Allergy(substance=substance, severity=severity),))
    return [concern.severity for concern in concerns]


def test_both_versions_take_out_what_is_named():
    assert found(allergy_checker.old, "Ibuprofen 400 mg", "ibuprofen") == ["high"]
    assert found(allergy_checker.new, "Ibuprofen 400 mg", "ibuprofen") == ["high"]


@pytest.mark.parametrize(
    ("substance", "item"),
    [
        ("penicillin", "Amoxicillin 500 mg"),
        ("penicillin", "Cefalexin 250 mg"),
        ("aspirin", "Ibuprofen 400 mg"),
        ("latex", "Papaya salad"),
        ("ragweed", "Chamomile tea"),
    ],
)
def test_only_the_new_version_knows_relatives(substance, item):
    assert found(allergy_checker.old, item, substance) == []
    assert found(allergy_checker.new, item, substance) == ["high"]


@pytest.mark.parametrize(
    ("substance", "item"),
    [("shellfish", "Povidone iodine wash"), ("egg", "Eggplant stew"), ("fish", "Selfish gene")],
)
def test_only_the_old_version_sees_relatives_that_are_none(substance, item):
    assert found(allergy_checker.old, item, substance) == ["high"]
    assert found(allergy_checker.new, item, substance) == []


def test_a_sulfa_antibiotic_allergy_does_not_forbid_other_sulfonamides():
    assert found(allergy_checker.new, "Furosemide 40 mg", "co-trimoxazole") == []


def test_a_distant_relative_is_a_note_unless_the_allergy_is_severe():
    assert found(allergy_checker.new, "Ceftriaxone 1 g", "penicillin") == ["low"]
    assert found(allergy_checker.new, "Ceftriaxone 1 g", "penicillin", "severe") == ["high"]


def test_advice_is_not_looked_at():
    items = (Item(text="Peanut", kind="advice"),)

    assert allergy_checker.new(items, (Allergy(substance="peanut"),)) == ()
