import pytest

from clinic.components import complexity_analyzer as analyzer
from clinic.components.model_router import DEEP, FAST, Breaker, NoModel, Router, old
from clinic.records import Question

PLAIN = Question(text="A runny nose for two days.")
HARD = Question(
    text="Not sure which tablet makes me dizzy; should I stop one, is it safe with my kidneys?",
    conditions=("diabetes", "kidney disease"),
    medications=("metformin", "ramipril", "furosemide"),
)


def test_the_old_version_takes_the_dearest_model_for_everything():
    assert old().model is DEEP


def test_the_new_version_takes_the_cheapest_that_suffices():
    router = Router()

    assert router.choose(analyzer.new(PLAIN), emergency=False, now=0).model is FAST
    assert router.choose(analyzer.new(HARD), emergency=False, now=0).model is DEEP


def test_an_emergency_gets_the_strongest_model():
    assert Router().choose(analyzer.new(PLAIN), emergency=True, now=0).model is DEEP


def test_a_failing_model_is_passed_over_and_probed_later():
    router = Router()
    for _ in range(5):
        router.record(DEEP, ok=False, now=0)

    assert router.choose(analyzer.new(HARD), emergency=True, now=29).model is FAST
    assert router.choose(analyzer.new(HARD), emergency=True, now=31).model is DEEP


def test_without_any_healthy_model_there_is_no_choice():
    router = Router()
    for model in (FAST, DEEP):
        for _ in range(5):
            router.record(model, ok=False, now=0)

    with pytest.raises(NoModel):
        router.choose(analyzer.new(PLAIN), emergency=False, now=1)


def test_a_failed_probe_doubles_the_pause_and_a_good_one_ends_it():
    breaker = Breaker()
    for _ in range(5):
        breaker.record(ok=False, now=0)
    breaker.record(ok=False, now=30)

    assert not breaker.permits(89)
    assert breaker.permits(90)
    breaker.record(ok=True, now=90)
    assert breaker.permits(90)


def test_the_old_analyser_hears_no_words_and_the_new_one_does():
    told = Question(text=HARD.text)

    assert analyzer.old(told).score == 0
    assert analyzer.new(told).score > analyzer.new(PLAIN).score
