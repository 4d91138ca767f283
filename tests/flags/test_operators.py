"""Operators of JsonLogic, where the official cases are silent: JavaScript decides."""

from __future__ import annotations

import math
from typing import Any

import pytest

from phasegate.flags.operators import text
from phasegate.flags.problem import BrokenFlag
from phasegate.flags.rule import logic

CASES: list[tuple[Any, Any, Any]] = [
    ({"+": ["3.5kg", " 1"]}, None, 4.5),
    ({"-": [[5], "2"]}, None, 3),
    ({"/": [1, 0]}, None, math.inf),
    ({"/": [-1, 0]}, None, -math.inf),
    ({"%": [-7, 3]}, None, -1),
    ({"max": ["10", 9]}, None, 10),
    ({"min": [{"var": "a"}, 1]}, {"a": None}, 0),
    ({"==": [[1], 1]}, None, True),
    ({"==": ["0x1f", 31]}, None, True),
    ({"==": [" ", 0]}, None, True),
    ({"==": [None, 0]}, None, False),
    ({"===": [True, 1]}, None, False),
    ({"<": ["10", "9"]}, None, True),
    ({"<": ["10", 9]}, None, False),
    ({"in": [None, "null"]}, None, True),
    ({"in": [1, ["1"]]}, None, False),
    ({"cat": [1e21, " ", 1.5e-7, " ", 0.1, " ", -0.0]}, None, "1e+21 1.5e-7 0.1 0"),
    ({"cat": [[1, [2, None]], {}]}, None, "1,2,[object Object]"),
    ({"substr": [12345, 1, 2]}, None, "23"),
    ({"substr": ["abc", -9]}, None, "abc"),
    ({"substr": ["abc", 2, -9]}, None, ""),
    ({"!!": [{"/": [0, 0]}]}, None, False),
    ({"var": "a.1.b"}, {"a": [0, {"b": 7}]}, 7),
    ({"var": [{"cat": ["a", ".b"]}, "none"]}, {"a": {}}, "none"),
    ({"map": [{"var": "a"}, {"var": ["b", 1]}]}, {"a": [{"b": 2}, {}], "b": 9}, [2, 1]),
    (
        {"map": [{"var": "a"}, {"filter": [{"var": "b"}, {">": [{"var": ""}, 1]}]}]},
        {"a": [{"b": [1, 2, 3]}, {"b": None}]},
        [[2, 3], []],
    ),
    ({"map": [{"var": "a"}, {"if": [{"<": [{"var": ""}, 2]}, "few", "many"]}]}, {"a": [1, 2]},
     ["few", "many"]),
    ({"reduce": [{"var": "a"}, {"max": [{"var": "current"}, {"var": "accumulator"}]}, 0]},
     {"a": [3, 9, 4]}, 9),
    ({"reduce": [{"var": "a"}, {"var": "current"}]}, {"a": []}, None),
    ({"none": [{"var": "a"}, {"var": ""}]}, {"a": "no list"}, True),
    ({"==": [{"none": [[1], {"var": ""}]}, False]}, None, True),
    ({"missing": [{"var": "wanted"}]}, {"wanted": ["x", "y"], "x": 0}, ["y"]),
    ({"merge": [{"var": "a"}, None]}, {"a": [1]}, [1, None]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "data", "expected"), CASES, ids=str)
def test_a_rule_comes_to_what_javascript_says(rule: Any, data: Any, expected: Any) -> None:
    assert logic(rule)(data) == expected


@pytest.mark.parametrize(
    "rule", [{"+": ["x"]}, {"/": [0, 0]}, {"%": [1, 0]}, {"max": [1, "x"]}, {"-": [{}]}], ids=str
)
def test_what_is_no_number_becomes_nan_and_raises_nothing(rule: Any) -> None:
    assert math.isnan(logic(rule)(None))


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"map": [[1]]}, "flags.rule.targeting"),
        ({"if": [{"/": [1, 2, 3]}, 1]}, "flags.rule.targeting.if[0]"),
        ({"if": [True, {"and": [{"log": 1}]}]}, "flags.rule.targeting.if[1].and[0]"),
        ({"map": [[1], {"log": 1}]}, "flags.rule.targeting.map[1]"),
        ({"fractional": ["x", ["on", {"log": 1}]]}, "flags.rule.targeting.fractional[1][1]"),
    ],
)
def test_a_problem_says_where_in_the_rule_it_is(rule: Any, path: str) -> None:
    with pytest.raises(BrokenFlag) as caught:
        logic(rule)

    assert caught.value.problem.path == path


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1.0, "1"),
        (100.5, "100.5"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (-0.5, "-0.5"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        (10**30, "1e+30"),
    ],
)
def test_a_number_is_written_as_javascript_writes_it(number: float, written: str) -> None:
    assert text(number) == written
