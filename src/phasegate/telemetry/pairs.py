"""Attributes by their bytes: the same few come again and again and are taken apart only once."""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from phasegate.telemetry.exposing import LENGTH, PREFIX
from phasegate.telemetry.limits import MOST_TEXT
from phasegate.telemetry.observation import Scalar

SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))

Pair = tuple[str, Scalar]

NAMELESS = ""
DROPPED: Pair = (NAMELESS, "")
"""Where attributes go that are not kept: under the name that nothing has, to be dropped at once."""

MOST_KEYS = 4_000
MOST_VALUES = 200
"""Values of one key that are remembered: of a key with more, like a path or a person, the next one
is rarely one of them, and remembering it would cost more than it saves."""

LONGEST = 200
"""Bytes of the longest attribute that is remembered."""


class Pairs(dict[bytes, Pair]):
    """Looks attributes up by their bytes; one that is not there is taken apart."""

    def __init__(self) -> None:
        super().__init__()
        self._flagged: set[str] = set()
        self._room: dict[str, int] = {}
        self._latest: tuple[bytes, Pair] = (b"", DROPPED)

    def __missing__(self, raw: bytes) -> Pair:
        # A person is told with every flag of a request, one time after the other.
        latest, pair = self._latest
        if raw == latest:
            return pair
        pair = _text_pair(raw) or pair_of(KeyValue.FromString(raw))
        key = pair[0]
        if key[:LENGTH] == PREFIX:
            self._note_flagged(key)
        room = self._room.get(key, MOST_VALUES)
        if room and len(raw) <= LONGEST:
            if len(self._room) >= MOST_KEYS:
                self._room.clear()
                self.clear()
            self._room[key] = room - 1
            self[raw] = pair
        self._latest = (raw, pair)
        return pair

    def may_tell_flags(self, attributes: Collection[str]) -> bool:
        """Say whether any of these names is about feature flags; seldom yes where none is."""
        return not self._flagged.isdisjoint(attributes) or len(self._flagged) >= MOST_KEYS

    def _note_flagged(self, key: str) -> None:
        # Never forgotten, since what is known by its bytes does not pass here again; and bounded,
        # since anybody may make up names: beyond the bound all attributes are looked through.
        if len(self._flagged) < MOST_KEYS:
            self._flagged.add(key)


def pair_of(attribute: KeyValue) -> Pair:
    """Return key and value, or what is dropped where it is no scalar, or too long a text."""
    value = attribute.value
    kind = value.WhichOneof("value")
    if kind not in SCALARS:
        return DROPPED
    scalar: Scalar = getattr(value, kind)
    if isinstance(scalar, str) and len(scalar) > MOST_TEXT:
        return DROPPED
    return attribute.key, scalar


def _text_pair(raw: bytes) -> Pair | None:
    """Return the pair of a short text, as nearly all that are met for the first time; else None.

    Read by hand, since that takes a tenth of the time: tag 1 and length, the key; tag 2 and
    length, and within it tag 1 and length, the text. Each length is one byte while it is < 128.
    """
    if len(raw) < 7 or raw[0] != 0x0A or raw[1] > 0x7F:
        return None
    end = raw[1] + 2
    if end > len(raw) - 4 or raw[end] != 0x12 or raw[end + 2] != 0x0A:
        return None
    length = raw[end + 3]
    if length > 0x7D or raw[end + 1] != length + 2 or len(raw) != end + 4 + length:
        return None
    try:
        return raw[2:end].decode(), raw[end + 4 :].decode()
    except UnicodeDecodeError as error:
        raise DecodeError("text that is not UTF-8") from error
