"""The local "model": deterministic, offline, in two tiers that differ in cost and in quality.

local-fast  the first topic whose words occur; its quick answer.
local-deep  every topic scored by how rare the shared words are; the best two, with the closer look.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from clinic.components.model_router import DEEP, Model
from clinic.knowledge import topics
from clinic.knowledge.topics import Topic
from clinic.records import Item, Question

WORD = re.compile(r"[a-z0-9']+")


def respond(model: Model, question: Question, *, emergency: bool) -> tuple[Item, ...]:
    """Return a recommendation; the same question gives the same items."""
    if emergency:
        told = question.text.lower()
        return (*topics.EMERGENCY, topics.CHEST_ASPIRIN) if "chest" in told else topics.EMERGENCY
    if model is DEEP:
        return _deep(question)
    words = set(WORD.findall(question.text.lower()))
    found = next((topic for topic in topics.TOPICS if topic.words & words), None)
    return found.quick if found else topics.FALLBACK


def _deep(question: Question) -> tuple[Item, ...]:
    told = " ".join((question.text, *question.messages, *question.conditions)).lower()
    words = Counter(WORD.findall(told))
    scored = sorted(((_relevance(topic, words), topic) for topic in topics.TOPICS), key=_by_score)
    best = [topic for score, topic in scored[:2] if score > 0]
    items = tuple(item for topic in best for item in (*topic.quick, *topic.deep))
    return (*dict.fromkeys(items), *topics.FALLBACK) if items else topics.FALLBACK


def _relevance(topic: Topic, words: Counter[str]) -> float:
    return sum(
        _RARITY[word] * min(count, 2) for word, count in words.items() if word in topic.words
    )


def _by_score(scored: tuple[float, Topic]) -> tuple[float, str]:
    return (-scored[0], scored[1].name)


_SPREAD = Counter(word for topic in topics.TOPICS for word in topic.words)
_RARITY = {word: math.log(1 + len(topics.TOPICS) / count) for word, count in _SPREAD.items()}
