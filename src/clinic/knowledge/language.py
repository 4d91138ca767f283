"""What of a patient's words is about this person, now: negated, past and supposed parts set aside.

Rules in the manner of NegEx and ConText (Chapman 2001, Harkema 2009): cues open a scope that ends
at the clause or at a word that turns the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SAME_LETTERS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": ";"})

# One wording for what cannot be done and what is not, so that the lexicon needs one only.
SAME_WORDS = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\bcan ?not\b|\b(?:am |is |are )?(?:unable|not able) to\b|\bcouldn't\b|\bcould not\b",
         "can't"),
        (r"\b(?:can |could )?(?:hardly|barely|scarcely)(?= (?:breathe|speak|talk|swallow|walk|move"
         r"|see|stand|stay|keep|lift|hold))", "can't"),
        (r"\b(do|does|did|has|have|had|would) not\b", r"\1n't"),
        (r"\bwill not\b", "won't"),
        (r"\b(is|are|was|were)n't\b", r"\1 not"),
    )
)  # fmt: skip

CLAUSE_END = re.compile(
    r"[.;!?\n]+(?!\d)|\b(?:but|however|although|(?<!as )though|except|apart from)\b"
)

# "no relief" or "no better" is not the absence of a sign; "not breathing" is a sign of its own and
# stands in the lexicon, so a bare "not" opens no scope.
NEGATION = re.compile(
    r"\b(?:no(?! (?:relief|better|improvement|wet|matter|idea|one|longer|response|pulse|use|help"
    r"|sign of life|urine|wee|pee|feeling|sensation|movement))|"
    r"not (?:have|having|had|any|an?|in|been|feeling|felt|experienc\w+)|"
    r"(?:do|does|did|have|has|had|is|am|are|was)n't"
    r"(?: (?:have|had|got|get|any|been|having|feel|felt))+"
    r"|never had(?! (?:such|anything|a|pain|this))|without(?! (?:warning|stopping|noticing))|"
    r"den(?:y|ies|ied)|neither|nor|free of|rather than|ruled out|negative for)\b"
)
SCOPE_END = re.compile(
    r"\b(?:and (?:i|i'm|i've|my|he|his|she|her|the|now|then|also|today|it|feel\w*)"
    r"|now|today|only|just|because|since|yet)\b|, (?:my|i|i'm|he|she|just|now|it|the|then)\b|:"
)
SCOPE_WORDS = 9
LIST = re.compile(r"\b(?:n?or)\b")
HISTORY = re.compile(r"\bhistory of\b")
HISTORY_END = re.compile(r",|\b(?:with|present\w*|and (?:now|has|have|is))\b")

PAST = re.compile(
    r"\b(?:years? ago|months? ago|last (?:year|month|summer|winter|spring|autumn)|(?:19|20)\d\d"
    r"|as a (?:child|kid|teenager|baby)|when i was (?:a|young|little|\d+)|(?<!not )used to"
    r"|previous(?:ly)?|in the past|in my (?:teens|twenties|thirties|forties|fifties|youth)"
    r"|decades? ago|long ago)\b"
)
PRESENT = re.compile(
    r"\b(?:now|today|tonight|again|since (?:this|last night|yesterday|noon|breakfast)|currently"
    r"|this (?:morning|afternoon|evening)|minutes?|just|suddenly|hours? ago|is back|are back)\b"
)
SUPPOSED = re.compile(
    r"\b(?:what if|if (?:someone|somebody|anyone|a person)|if i (?:get|got|have|had|develop|ever)"
    r"|in case|how (?:do|can|would|could) (?:i|one|you|we) (?:know|tell|recogni[sz]e|spot|prevent)"
    r"|(?:(?:warning )?signs?|symptoms?|risks?|causes?|chances?) (?:of|for)"
    r"|(?:leaflet|article|poster|website|label|internet|news) (?:says?|said|tells?)"
    r"|read (?:about|that|online|an article)|prevent(?:ing)? an?(?:other)?|worried about getting"
    r"|screening for|check-?up for|vaccin\w+ (?:against|for)|nearly had|almost had"
    r"|could it lead to|can it cause|does it cause|side effects? (?:of|like)"
    r"|for my (?:exam|essay|homework)|saw a (?:film|movie|show|documentary))\b"
)
OTHERS = (
    r"(?:mother|mum|mom|father|dad|brother|sister|aunt|uncle|grand\w+|cousin|friend|neighbou?r"
    r"|colleague|parents?|husband|wife|partner)"
)
OTHER_PERSON = re.compile(
    rf"\bfamily history\b|\bruns in (?:my|the|our) family\b|\b{OTHERS}(?:'s)? (?:once )?"
    r"(?:died|was diagnosed|survived|recovered|passed away|had [^,]*\bat (?:the age of )?\d\d)\b"
)
FIGURE_OF_SPEECH = re.compile(
    r"\bheart attack when (?:i|he|she|we) (?:saw|heard|opened|got|read)[^,.;]*"
    r"|\bstroke of (?:luck|genius)|\bdying (?:to|for)\b|\bto die for\b|\bkilling me\b"
    r"|\bbored to death\b|\bscared to death\b"
    r"|\bchoked up\b|\bsuicidal (?:drivers?|pace)\b|\bphone (?:is )?(?:dead|died)\b"
)


def clauses(text: str) -> Iterator[str]:
    """Yield the clauses of a text in lower case, without what is past or happened to others."""
    plain = FIGURE_OF_SPEECH.sub(" ", text.lower().translate(SAME_LETTERS))
    for pattern, wording in SAME_WORDS:
        plain = pattern.sub(wording, plain)
    for clause in CLAUSE_END.split(plain):
        kept = ",".join(part for part in (clause or "").split(",") if not _elsewhere(part))
        if kept.strip():
            yield " ".join(kept.split())


def set_aside(clause: str) -> list[tuple[int, int]]:
    """Return the stretches of a clause that are denied, supposed or history, cues included."""
    return [
        *(_denied(clause, cue) for cue in NEGATION.finditer(clause)),
        *(_upto(SCOPE_END, clause, cue) for cue in SUPPOSED.finditer(clause)),
        *(_upto(HISTORY_END, clause, cue) for cue in HISTORY.finditer(clause)),
    ]


def _denied(clause: str, cue: re.Match[str]) -> tuple[int, int]:
    """Bound a negation; it reaches over commas only in a list with "or", or after "denies"."""
    start, end = _upto(SCOPE_END, clause, cue)
    scope = clause[cue.end() : end]
    if not cue.group().startswith("den") and not LIST.search(scope):
        scope = scope.split(",")[0]
    words = list(re.finditer(r"\S+", scope))[:SCOPE_WORDS]
    return (start, cue.end() + (words[-1].end() if words else 0))


def _upto(turn: re.Pattern[str], clause: str, cue: re.Match[str]) -> tuple[int, int]:
    found = turn.search(clause, cue.end())
    return (cue.start(), found.start() if found else len(clause))


def _elsewhere(part: str) -> bool:
    """Say whether a part of a clause is about another time or another person's past."""
    told = PAST.search(part) or OTHER_PERSON.search(part)
    return told is not None and not PRESENT.search(part)


def affirmed(pattern: re.Pattern[str], clause: str, aside: list[tuple[int, int]]) -> bool:
    """Say whether a pattern is found outside what is set aside.

    A match that begins at a cue or before it counts: "not breathing" is a sign, not its absence.
    """
    return any(
        not any(start < found.start() < end for start, end in aside)
        for found in pattern.finditer(clause)
    )
