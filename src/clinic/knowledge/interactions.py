"""Severe drug interactions: drugs by class, and the class pairs never to be given together.

ONC: the high-priority list of class pairs (Phansalkar 2012, doi 10.1136/amiajnl-2011-000612);
others from product labels. Only severe pairs stand here: what merely deserves a note does not
interrupt (Phansalkar 2013, doi 10.1136/amiajnl-2012-001089).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CLASSES: dict[str, str] = {
    "maoi": "tranylcypromine phenelzine isocarboxazid procarbazine selegiline",
    "triptan's maoi": "tranylcypromine phenelzine isocarboxazid moclobemide methylene-blue",
    "amphetamine": "dexmethylphenidate dextroamphetamine methylphenidate lisdexamfetamine"
    " methamphetamine phendimetrazine pseudoephedrine amphetamine benzphetamine diethylpropion"
    " phentermine atomoxetine",
    "ssri": "fluoxetine paroxetine citalopram escitalopram sertraline fluvoxamine duloxetine"
    " nefazodone desvenlafaxine milnacipran venlafaxine",
    "tricyclic": "amitriptyline clomipramine desipramine doxepin imipramine nortriptyline"
    " protriptyline trimipramine",
    "serotonergic opioid": "meperidine pethidine methadone tapentadol fentanyl tramadol"
    " dextromethorphan",
    "opioid": "morphine codeine oxycodone fentanyl methadone tramadol buprenorphine",
    "benzodiazepine": "diazepam lorazepam alprazolam temazepam midazolam clonazepam triazolam",
    "ppi": "omeprazole lansoprazole pantoprazole rabeprazole esomeprazole",
    "protease inhibitor": "ritonavir nelfinavir atazanavir indinavir saquinavir amprenavir"
    " darunavir lopinavir tipranavir fosamprenavir",
    "macrolide": "clarithromycin erythromycin telithromycin",
    "azole": "ketoconazole itraconazole fluconazole voriconazole",
    "other 3a4 inhibitor": "amiodarone verapamil diltiazem nefazodone",
    "weak 3a4 inhibitor": "aprepitant cimetidine",
    "inducer": "bosentan rifapentine carbamazepine rifabutin rifampin rifampicin st-john's-wort",
    "sensitive statin": "simvastatin lovastatin",
    "ergot": "ergotamine dihydroergotamine methylergonovine ergonovine",
    "1a2 inhibitor": "fluvoxamine amiodarone ticlopidine ciprofloxacin",
    "tizanidine inhibitor": "ciprofloxacin fluvoxamine mexiletine propafenone zileuton amiodarone"
    " ticlopidine",
    "triptan": "sumatriptan zolmitriptan rizatriptan",
    "thiopurine": "azathioprine mercaptopurine",
    "nitrate": "nitroglycerin glyceryl-trinitrate isosorbide",
    "pde5": "sildenafil tadalafil vardenafil avanafil",
    "nsaid": "ibuprofen naproxen diclofenac aspirin ketorolac indometacin",
    "anticoagulant": "warfarin apixaban rivaroxaban dabigatran edoxaban phenprocoumon",
    "warfarin raiser": "metronidazole co-trimoxazole miconazole fluconazole amiodarone"
    " ciprofloxacin clarithromycin",
    "ace or arb": "lisinopril ramipril enalapril perindopril losartan valsartan candesartan",
    "potassium saver": "spironolactone eplerenone amiloride trimethoprim co-trimoxazole potassium",
    "retinoid": "isotretinoin acitretin",
    "tetracycline": "doxycycline minocycline tetracycline lymecycline",
    **{name: name for name in (
        "atazanavir", "febuxostat", "irinotecan", "ramelteon", "tizanidine", "lithium",
        "methotrexate", "colchicine", "allopurinol", "digoxin", "clopidogrel", "tranylcypromine",
        "procarbazine", "linezolid",
    )},
    "methotrexate raiser": "trimethoprim co-trimoxazole",
    "digoxin raiser": "amiodarone verapamil quinidine dronedarone clarithromycin itraconazole",
    "lithium raiser": "ibuprofen naproxen diclofenac indometacin lisinopril ramipril enalapril"
    " losartan hydrochlorothiazide",
}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two classes never to be given together without a specialist; level C contraindicated."""

    one: str
    other: str
    why: str
    level: str = "C"
    source: str = "ONC 2012"
    certainty: str = "H"


PAIRS: tuple[Pair, ...] = (
    Pair("amphetamine", "maoi", "hypertensive crisis"),
    Pair("atazanavir", "ppi", "loss of effect"),
    Pair("febuxostat", "thiopurine", "bone marrow"),
    Pair("ssri", "maoi", "serotonin syndrome"),
    *(Pair("irinotecan", group, "toxicity") for group in (
        "protease inhibitor", "macrolide", "azole", "other 3a4 inhibitor", "weak 3a4 inhibitor")),
    Pair("serotonergic opioid", "maoi", "serotonin syndrome"),
    Pair("tricyclic", "maoi", "serotonin syndrome"),
    Pair("ramelteon", "1a2 inhibitor", "sedation"),
    Pair("protease inhibitor", "inducer", "loss of effect"),
    *(Pair("sensitive statin", group, "muscle breakdown") for group in (
        "protease inhibitor", "macrolide", "azole", "other 3a4 inhibitor")),
    *(Pair("ergot", group, "vasospasm") for group in ("protease inhibitor", "macrolide", "azole")),
    Pair("tizanidine", "tizanidine inhibitor", "hypotension"),
    Pair("tranylcypromine", "procarbazine", "hypertensive crisis"),
    Pair("triptan", "triptan's maoi", "serotonin syndrome"),
    Pair("nitrate", "pde5", "hypotension", "C", "FDA labels"),
    Pair("opioid", "benzodiazepine", "respiratory depression", "M", "FDA boxed warning 2016"),
    Pair("anticoagulant", "nsaid", "bleeding", "M", "labels"),
    Pair("anticoagulant", "warfarin raiser", "bleeding", "M", "labels; Holbrook 2005"),
    Pair("methotrexate", "methotrexate raiser", "bone marrow", "C", "label"),
    Pair("methotrexate", "nsaid", "toxicity", "M", "label"),
    Pair("thiopurine", "allopurinol", "bone marrow", "M", "label"),
    Pair("lithium", "lithium raiser", "lithium toxicity", "M", "label"),
    Pair("digoxin", "digoxin raiser", "digoxin toxicity", "M", "label"),
    Pair("colchicine", "macrolide", "toxicity", "C", "label"),
    Pair("ace or arb", "potassium saver", "high potassium", "M", "labels"),
    Pair("retinoid", "tetracycline", "raised pressure in the head", "C", "label"),
    Pair("linezolid", "ssri", "serotonin syndrome", "M", "FDA 2011"),
    Pair("triptan", "ergot", "vasospasm", "C", "label"),
)  # fmt: skip

_CLASS_OF: dict[str, frozenset[str]] = {
    drug: frozenset(name for name, drugs in CLASSES.items() if drug in drugs.split())
    for drugs in CLASSES.values()
    for drug in drugs.split()
}
_BY_CLASSES = {frozenset((pair.one, pair.other)): pair for pair in PAIRS}
_DRUG = re.compile(
    r"\b(?:" + "|".join(sorted(map(re.escape, _CLASS_OF), key=len, reverse=True)) + r")\b"
)


def drugs_in(text: str) -> frozenset[str]:
    """Return the known drugs that a text names, whole words only."""
    plain = text.lower()
    for spaced in ("st john's wort", "methylene blue", "glyceryl trinitrate"):
        plain = plain.replace(spaced, spaced.replace(" ", "-"))
    return frozenset(_DRUG.findall(plain))


def severe(drug: str, other: str) -> Pair | None:
    """Return why two drugs must not be given together; None: nothing severe is known here."""
    if drug == other:
        return None
    for one in _CLASS_OF.get(drug, ()):
        for two in _CLASS_OF.get(other, ()):
            pair = _BY_CLASSES.get(frozenset((one, two)))
            if pair is not None and one != two:
                return pair
    return None
