"""What the local responder knows: topics with the words that point to them, and their advice."""

from __future__ import annotations

from dataclasses import dataclass

from clinic.records import Item


@dataclass(frozen=True)
class Topic:
    """A complaint: words that point to it, the quick answer, and what a closer look adds."""

    name: str
    words: frozenset[str]
    quick: tuple[Item, ...]
    deep: tuple[Item, ...]


def _medicine(text: str) -> Item:
    return Item(text=text, kind="medicine")


def _food(text: str) -> Item:
    return Item(text=text, kind="food")


def _advice(text: str) -> Item:
    return Item(text=text, kind="advice")


def _topic(name: str, words: str, quick: tuple[Item, ...], deep: tuple[Item, ...]) -> Topic:
    return Topic(name, frozenset(words.split()), quick, deep)


TOPICS: tuple[Topic, ...] = (
    _topic(
        "cold",
        "cold cough runny nose sneezing sore throat stuffy blocked congestion hoarse sinus flu",
        (_medicine("Paracetamol 500 mg when needed"), _food("Warm drinks with honey")),
        (_medicine("Pseudoephedrine for a blocked nose, three days at most"),
         _advice("Come back if it lasts more than ten days.")),
    ),
    _topic(
        "pain",
        "pain ache headache back knee ankle twisted sprain period cramps toothache muscle sore"
        " stiff joint shoulder neck",
        (_medicine("Ibuprofen 400 mg with food, three times a day"),),
        (_medicine("Paracetamol 1 g, at most four times a day"),
         _advice("Keep moving within what the pain allows.")),
    ),
    _topic(
        "stomach",
        "stomach nausea diarrhoea loose stools constipated heartburn reflux bloating indigestion"
        " sick belly",
        (_food("Small meals; rice, banana and toast bread"),),
        (_medicine("Omeprazole 20 mg before breakfast for two weeks"),
         _food("Plain yoghurt once a day"), _advice("Drink a glass of water every hour.")),
    ),
    _topic(
        "skin",
        "rash itchy itch eczema patches spots acne skin mole sunburn dry athlete's foot",
        (_advice("Wash with lukewarm water and use a plain ointment."),),
        (_medicine("Hydrocortisone 1 % cream twice a day for a week"),
         _food("Oily fish such as salmon twice a week")),
    ),
    _topic(
        "infection",
        "infection infected burning urine bladder ear tooth abscess chest phlegm tonsils wound",
        (_medicine("Amoxicillin 500 mg three times a day, if the doctor confirms"),),
        (_medicine("Ciprofloxacin 250 mg twice a day, if a culture asks for it"),
         _advice("Come back in two days if no better.")),
    ),
    _topic(
        "sleep",
        "sleep sleeping insomnia tired awake night shift restless anxious worry exams stress low",
        (_advice("Get up at the same time every day."), _food("Chamomile tea in the evening")),
        (_advice("No screens for an hour before bed; a sleep diary for two weeks."),
         _food("A handful of walnuts or almonds instead of sweets")),
    ),
    _topic(
        "hay fever",
        "hay fever pollen allergy sneezing streaming eyes spring allergic",
        (_medicine("Cetirizine 10 mg once a day"),),
        (_medicine("Beclometasone nasal spray twice a day"),
         _advice("Keep windows shut in the morning.")),
    ),
    _topic(
        "heart and pressure",
        "pressure hypertension tablets blood heart cholesterol check bp dizzy ankles",
        (_advice("Measure at rest, twice a day, for a week."),),
        (_food("Nuts, fish and vegetables instead of salt and butter"),
         _medicine("Review of lisinopril or the present tablets with the doctor")),
    ),
    _topic(
        "diabetes",
        "diabetes diabetic sugar glucose insulin metformin thirsty hba1c feet",
        (_advice("Note fasting values for a week."),),
        (_food("Wholemeal bread and beans instead of white rice"),
         _medicine("Review of metformin with the doctor"),
         _advice("Have feet and eyes looked at once a year.")),
    ),
)  # fmt: skip

FALLBACK = (_advice("Please book an appointment so that a doctor can look at this."),)

EMERGENCY = (_advice("EMERGENCY: call an ambulance now. Do not drive. Do not eat or drink."),)

CHEST_ASPIRIN = _medicine("If it is chest pain: chew aspirin 300 mg while you wait")
"""AHA/ACC 2021; the allergy checker takes it out for whom it is wrong."""
