"""A flag document read from text: JSON, or YAML where PyYAML is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any  # Any: a flag document is JSON by definition

from phasegate.flags.problem import BrokenDocument

if TYPE_CHECKING:
    import yaml

MOST_NODES = 1_000_000
"""Values in a document, with every alias of YAML counted as what it stands for."""


def read_document(text: str) -> dict[str, Any]:
    """Read a document; what begins with a brace is JSON, anything else is YAML.

    Raises BrokenDocument: the message says where, and holds nothing of the document but a name.
    """
    document = _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    if not isinstance(document, dict):
        raise BrokenDocument("the document must be an object with `flags`")
    return document


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BrokenDocument(f"the document is not JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise BrokenDocument("the document is nested too deep") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BrokenDocument(f"{twice!r} is defined twice in one object; keep one")
    return held


def _yaml(text: str) -> object:
    try:
        import yaml  # noqa: PLC0415 an extra: documents in JSON do without
    except ImportError as error:
        text = "the document is no JSON, and YAML needs PyYAML: install phasegate[plan]"
        raise BrokenDocument(text) from error
    try:
        loader = _loader()(text)
        node = loader.get_single_node()
        if node is None:
            raise BrokenDocument("the document is empty")
        _check_size(node)
        return loader.construct_document(node)
    except BrokenDocument:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BrokenDocument(f"the document is not YAML: {error.problem}{where}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenDocument(f"the document is not YAML: {type(error).__name__}") from error


def _loader() -> type[yaml.SafeLoader]:
    """Return a loader for YAML 1.2's core schema: `on` and `off` are texts, as in variants."""
    import yaml  # noqa: PLC0415 see above

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 PyYAML's own shape

    for tag, form, first in _CORE:
        Loader.add_implicit_resolver(tag, re.compile(form), list(first))
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    Loader.add_constructor("tag:yaml.org,2002:int", _integer)
    return Loader


_CORE = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$",
        "-+0123456789.",
    ),
)


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:  # noqa: ARG001 PyYAML's shape
    return int(node.value, 0) if node.value[:2] in ("0o", "0x") else int(node.value)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 see above

    held: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key: Hashable = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            key = key_node.value
        if key in held:
            problem = f"{key!r} is defined twice; keep one"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        held[str(key)] = loader.construct_object(value_node, deep=True)
    return held


def _check_size(node: yaml.Node) -> None:
    """Refuse a document whose aliases stand for more than anybody would write."""
    sizes: dict[int, int] = {}
    if _size(node, sizes, frozenset()) > MOST_NODES:
        raise BrokenDocument(f"the document has more than {MOST_NODES} values")


def _size(node: Any, sizes: dict[int, int], above: frozenset[int]) -> int:
    if isinstance(node.value, str):
        return 1
    if id(node) in above:
        raise BrokenDocument("an alias of the document stands for a place that contains it")
    if id(node) not in sizes:
        inner = above | {id(node)}
        children = [
            child for part in node.value for child in (part if isinstance(part, tuple) else (part,))
        ]
        sizes[id(node)] = 1 + sum(_size(child, sizes, inner) for child in children)
    return sizes[id(node)]
