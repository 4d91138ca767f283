"""What each code about flags means: refused changes, and flaws of a flag document."""

from __future__ import annotations

FLAG_EXPLANATIONS: dict[str, str] = {
    # Changes of flags that were refused.
    "flag-exists": "A flag of this key is there already, perhaps archived; a key is used once.",
    "flag-archived": (
        "An archived flag is served as disabled, so that code that still asks gets its own "
        "default. Nothing else can be done to it until it is restored."
    ),
    "flag-not-archived": "Only an archived flag can be restored; this one is served already.",
    "flag-not-killed": "Only a killed flag can be revived; nobody has killed this one.",
    "flag-defined": (
        "The flag has a definition of its own, whose rule decides who gets what. It has no "
        "exposure that could be set."
    ),
    "flag-definition": (
        "What was given is no flag as flagd's schema has it, or holds something that an engine "
        "would bear in silence. `phasegate flag check` says the same of a file."
    ),
    "flag-partly-on": (
        "Archiving hands everybody the default that stands in the code. While a flag is on for "
        "some only, that would change what patients get, so it is set to 0 % or 100 % first."
    ),
    "flag-required": (
        "Other flags are on only where this one is. Archived, it would take them along for ever."
    ),
    "nothing-said": "A description needs an owner, a purpose or an expiry; none was given.",
    "nothing-scheduled": "There is nothing on the flag's schedule that could be taken back.",
    "schedule-time": (
        "A schedule needs a time that is still to come, with its offset from UTC, so that it "
        "means the same moment to everybody."
    ),
    "expiry-date": "An expiry is a calendar day, written year-month-day.",
    "hashing-would-move": (
        "v2 and v3 put the same patient into different buckets. While a flag is on for some only, "
        "another hashing would move patients between its arms."
    ),
    "no-tree": "The search for flags in code needs a folder; there is none at that place.",
    "flag-file": "The file holds no flag definition that could be read, or none of this key.",
    # Flaws of a flag document that refuse a flag, or the whole.
    "flag-document-broken": (
        "The text is no flag document at all: no JSON, no YAML, or no object with `flags`. "
        "Whoever holds an older document keeps it."
    ),
    "flag-key": (
        "A flag needs a key. Flags made here have letters, digits, _ . and -, and do not end in "
        ".shadow, which belongs to flags in shadow."
    ),
    "flag-shape": "A flag is an object with `state` and `variants`; something else stands there.",
    "flag-state": "A flag's state is ENABLED or DISABLED; without one its intent is not known.",
    "flag-variants": "A flag has at least one variant, or there is nothing it could come to.",
    "flag-default": "`defaultVariant` names a variant of the flag, or is left out or null.",
    "flag-metadata": "Metadata holds texts, numbers and booleans by name; nothing nested.",
    "flag-requires": "`requires` is a list of keys of flags of the same environment.",
    "flag-part": (
        "A flag has something that no engine reads, perhaps a misspelt name: `prerequisites` for "
        "`requires` would serve the flag without what it needs. The flag is served all the same."
    ),
    "flag-twice": "A listed document has the same key twice; the last one counts, as in flagd.",
    "set-metadata": "`flagSetId` and `version` of a flag set are texts; other engines rely on it.",
    "variant-name": "A variant has a name of at least one character, by which rules choose it.",
    "variant-value": (
        "A variant is a boolean, a text, a number or an object. OpenFeature has no other types; "
        "a list is put into an object."
    ),
    "variant-types": "All variants of a flag are of one type, or an application asks in vain.",
    "variant-number": (
        "Beyond 2^53 - 1 readers of JSON do not agree on a number, so that two applications could "
        "be served different ones."
    ),
    "evaluator-shape": "A shared evaluator is a rule with a name; flags that use it are refused.",
    "unknown-ref": "A rule refers to an evaluator that the document does not have.",
    "nested-ref": "An evaluator refers to another one, which flagd does not support.",
    "unknown-operator": "A rule uses an operator that is neither JsonLogic's nor flagd's.",
    "rule-shape": "A rule is an object with exactly one operator and its operands.",
    "rule-operands": (
        "An operator has too many or too few operands, or such as it can never use. Where flagd "
        "bears it, the rule comes to null there; then it is put on record only."
    ),
    "rule-constant": "A rule holds a number that JSON readers do not agree on, or that is none.",
    "rule-too-deep": "A rule is nested deeper than people can read; split it into evaluators.",
    "fractional-shape": "The parts of `fractional` are [variant] or [variant, weight].",
    "fractional-weights": (
        "Weights are whole numbers, not below 0, that add up to 1 at least. What flagd bears comes "
        "to null, or counts a weight below 0 as 0."
    ),
    "fractional-no-subject": (
        "Inside `map`, `filter` and the like a rule sees one element and no targetingKey, so the "
        "short form of `fractional` has nobody to bucket."
    ),
    "flagd-property": "`$flagd` has `flagKey` and `timestamp`; anything else is always null.",
    "sem-ver-relation": "`sem_ver` compares by one of = != < <= > >= ^ ~.",
    "sem-ver-version": "What is compared by `sem_ver` is no version, so it comes to null.",
    "unknown-hashing": "Buckets are hashed by v2 or v3; another word would be a guess.",
    "unknown-prerequisite": "A flag requires one that is not served, so it could never be on.",
    "prerequisite-cycle": "Flags require each other in a circle, so none of them could be first.",
}
