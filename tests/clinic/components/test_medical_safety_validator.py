import json
from pathlib import Path

import pytest

from clinic.components import medical_safety_validator as validator
from clinic.knowledge import interactions
from clinic.records import Item, Question

IBUPROFEN = (Item(text="Ibuprofen 400 mg with food", kind="medicine"),)
PLACES = [place / "shared/data/ddi_onc" for place in Path(__file__).parents]
ONC = next((place for place in PLACES if place.is_dir()), PLACES[0])
needs_onc = pytest.mark.skipif(not ONC.exists(), reason="shared data is absent")


@pytest.mark.parametrize(
    "question",
    [
        Question(text="", medications=("Warfarin 5 mg",)),
        Question(text="", medications=("lithium carbonate",)),
        Question(text="", pregnant=True),
        Question(text="", conditions=("chronic kidney disease",)),
    ],
)
def test_only_the_new_version_stops_a_painkiller_that_harms(question):
    assert validator.old(IBUPROFEN, question) == ()
    assert [it.severity for it in validator.new(IBUPROFEN, question)] == ["critical"]


def test_aspirin_is_kept_from_children():
    aspirin = (Item(text="Aspirin 300 mg", kind="medicine"),)

    assert validator.new(aspirin, Question(text="", age=12))
    assert not validator.new(aspirin, Question(text="", age=30))


def test_both_versions_know_ginkgo_or_a_harmless_pair_as_each_should():
    ginkgo = (Item(text="Ginkgo tea", kind="food"),)
    on_warfarin = Question(text="", medications=("warfarin",))

    assert validator.old(ginkgo, on_warfarin)
    assert not validator.new(IBUPROFEN, Question(text="", medications=("metformin",)))


@pytest.mark.parametrize(
    ("one", "other"),
    [("fluoxetine", "phenelzine"), ("simvastatin", "clarithromycin"), ("sildenafil", "isosorbide")],
)
def test_a_severe_pair_is_known_in_either_order(one, other):
    assert interactions.severe(one, other)
    assert interactions.severe(other, one)


@needs_onc
def test_every_listed_class_pair_but_rhythm_is_known():
    classes = json.loads((ONC / "onc_high_priority_classes.json").read_text())
    misspelt = {"esmoprazole", "nsaid", "voreconazole", "lisdexamefetamine", "moclobamide"}
    missed = [
        (one, other)
        for row in classes
        for one in map(str.lower, row["od"])
        for other in map(str.lower, row["pd"])
        if one != other
        and not misspelt & {one, other}
        and not interactions.severe(_plain(one), _plain(other))
    ]

    assert missed == []


@needs_onc
def test_few_pairs_that_must_not_interrupt_do():
    lines = (ONC / "ONC_Non_Interruptive_Mapped.csv").read_text("utf-8-sig").splitlines()
    pairs = [(line.split("$")[0].lower(), line.split("$")[2].lower()) for line in lines]
    loud = sum(interactions.severe(one, other) is not None for one, other in pairs)

    assert loud / len(pairs) < 0.02


def _plain(drug):
    return min(interactions.drugs_in(drug.replace("\u2019", "'")), default=drug)
