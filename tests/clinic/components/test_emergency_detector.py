import pytest

from clinic.components import emergency_detector
from clinic.records import Question, Vitals


@pytest.mark.parametrize(
    "text",
    [
        "An elephant is sitting on my chest and my left arm aches",
        "One side of her face has dropped and her words are slurred",
        "I've got hives and my throat is closing after prawns",
        "Took thirty paracetamol but feel fine",
    ],
)
def test_the_new_version_finds_emergencies_in_words_that_the_old_one_does_not_know(text):
    question = Question(text=text)

    assert not emergency_detector.old(question).emergency
    assert emergency_detector.new(question).emergency


@pytest.mark.parametrize(
    "text",
    [
        "No chest pain, just a runny nose",
        "My mother had a heart attack last year, should I worry?",
        "What should I do if somebody has a seizure?",
        "I nearly had a heart attack when I saw the bill",
    ],
)
def test_the_new_version_is_not_alarmed_by_what_is_denied_past_or_supposed(text):
    question = Question(text=text)

    assert emergency_detector.old(question).emergency
    assert not emergency_detector.new(question).emergency


@pytest.mark.parametrize(
    "text",
    [
        "My heart attack was in 2015, but today the crushing chest pain is back",
        "No fever, but my left arm and leg went weak all of a sudden",
        "History of angina, crushing chest pain for an hour",
        "My wife had a seizure and she is still confused",
    ],
)
def test_what_is_denied_or_past_hides_nothing_that_is_present(text):
    assert emergency_detector.new(Question(text=text)).emergency


def test_only_the_new_version_looks_at_the_vitals():
    ill = Vitals(
        respiratory_rate=26, spo2=91, systolic=95, pulse=120, consciousness="A", temperature=37.0
    )
    question = Question(text="A bit tired", vitals=ill)

    assert not emergency_detector.old(question).emergency
    assert emergency_detector.new(question).reason == "NEWS2 10"


def test_a_score_is_not_applied_to_children():
    busy = Vitals(
        respiratory_rate=28, spo2=97, systolic=95, pulse=125, consciousness="A", temperature=37.0
    )

    assert not emergency_detector.new(Question(text="A cold", age=4, vitals=busy)).emergency


def test_high_pressure_is_an_emergency_only_with_symptoms():
    high = Vitals(systolic=190, diastolic=110)

    assert not emergency_detector.new(Question(text="Feeling well", vitals=high)).emergency
    assert emergency_detector.new(Question(text="Double vision", vitals=high)).emergency
