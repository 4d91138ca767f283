"""Documents as people write them: JSON and YAML come to the same."""

from __future__ import annotations

import pytest

from phasegate.flags.problem import BrokenDocument
from phasegate.flags.reading import read_document

AS_YAML = """
# served to everybody
flags:
  new_cart:
    state: ENABLED
    variants: {on: true, off: false}   # texts, as in YAML 1.2
    defaultVariant: off
    targeting:
      fractional:
        - [on, 25]
        - [off, 75]
    metadata: {since: 2030-01-01, tier: 0x1f, share: 2.5e-1, spare: ~}
"""

AS_JSON = """
{"flags": {"new_cart": {
  "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
  "targeting": {"fractional": [["on", 25], ["off", 75]]},
  "metadata": {"since": "2030-01-01", "tier": 31, "share": 0.25, "spare": null}}}}
"""


def test_yaml_and_json_come_to_the_same() -> None:
    assert read_document(AS_YAML) == read_document(AS_JSON)


def test_an_alias_of_yaml_is_what_it_stands_for() -> None:
    text = "flags:\n  a: &same {state: ENABLED}\n  b: *same\n"

    assert read_document(text)["flags"]["b"] == {"state": "ENABLED"}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)

REFUSED = {
    "not JSON": ("{", "line 1, column 2"),
    "a name twice in JSON": ('{"flags": {"a": 1, "a": 2}}', "'a' is defined twice"),
    "nested too deep in JSON": ('{"a":' * 100_000, "too deep"),
    "not YAML": ("flags: [", "line 1, column 9"),
    "a name twice in YAML": ("flags: {}\nflags: {}\n", "line 2, column 1"),
    "a list": ("- flags", "must be an object"),
    "empty": ("", "empty"),
    "a Python object": ("flags: !!python/object:os.system x", "constructor"),
    "an alias of itself": ("flags: &x [*x]", "contains it"),
    "a bomb of aliases": (BOMB, "more than 1000000 values"),
    "a control character": ("flags: \x00", "not YAML"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(BrokenDocument, match=said.replace("(", r"\(")):
        read_document(text)
