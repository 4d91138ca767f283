"""OTLP messages with only the fields that are read, and attributes as a map to their bytes.

On the wire a map is a list of pairs of key and value, and so are OTLP's attributes. Read as a map
they stay where they are until one is asked for by its name; taken out one by one, as the published
messages have it, they would be most of what reading a span costs. A message is bytes on the wire
as well, so that a value, and a status, can be handed out as bytes: cheaper than as an object.

Source: opentelemetry-proto 1.x; field numbers there never change their meaning.
"""

from __future__ import annotations

from typing import Any  # protobuf messages are made at import and have no static types

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

PACKAGE = "phasegate.lens"

ATTRIBUTES = "attributes"
"""A field of this name is a map from text to the bytes of a Value."""

BYTES = "bytes"
"""Any number of messages, handed out as the bytes that they are on the wire."""

_MESSAGES: dict[str, dict[str, tuple[int, int | str]]] = {
    "Status": {"code": (3, Field.TYPE_INT32)},
    "Event": {
        "at_ns": (1, Field.TYPE_FIXED64),
        "name": (2, Field.TYPE_STRING),
        ATTRIBUTES: (3, Field.TYPE_BYTES),
    },
    "Span": {
        "trace": (1, Field.TYPE_BYTES),
        "id": (2, Field.TYPE_BYTES),
        "trace_state": (3, Field.TYPE_STRING),
        "parent": (4, Field.TYPE_BYTES),
        "kind": (6, Field.TYPE_INT32),
        "start_ns": (7, Field.TYPE_FIXED64),
        "end_ns": (8, Field.TYPE_FIXED64),
        ATTRIBUTES: (9, Field.TYPE_BYTES),
        "events": (11, BYTES),
        "status": (15, Field.TYPE_BYTES),
    },
    "ScopeSpans": {"spans": (2, "Span")},
    "ResourceSpans": {"scopes": (2, "ScopeSpans")},
    "Traces": {"resources": (1, "ResourceSpans")},
    "LogRecord": {
        "at_ns": (1, Field.TYPE_FIXED64),
        ATTRIBUTES: (6, Field.TYPE_BYTES),
        "trace": (9, Field.TYPE_BYTES),
        "span": (10, Field.TYPE_BYTES),
        "observed_ns": (11, Field.TYPE_FIXED64),
        "name": (12, Field.TYPE_STRING),
    },
    "ScopeLogs": {"records": (2, "LogRecord")},
    "ResourceLogs": {"scopes": (2, "ScopeLogs")},
    "Logs": {"resources": (1, "ResourceLogs")},
}
"""Number and type of each field by name; a name for a type is that message, any number of it."""

_VALUE = {
    "string_value": (1, Field.TYPE_STRING),
    "bool_value": (2, Field.TYPE_BOOL),
    "int_value": (3, Field.TYPE_INT64),
    "double_value": (4, Field.TYPE_DOUBLE),
    # Never looked into, so that their bytes are as good as anything.
    "array_value": (5, Field.TYPE_BYTES),
    "kvlist_value": (6, Field.TYPE_BYTES),
    "bytes_value": (7, Field.TYPE_BYTES),
}


def _made() -> tuple[Any, ...]:
    file = descriptor_pb2.FileDescriptorProto(name=PACKAGE, package=PACKAGE, syntax="proto3")
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for name, (number, kind) in _VALUE.items():
        value.field.add(name=name, number=number, label=1, type=kind, oneof_index=0)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, of) in fields.items():
            _add(message, field, number, of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = ("Traces", "Logs", "Event", "Status", "Value")
    found = (pool.FindMessageTypeByName(f"{PACKAGE}.{name}") for name in names)
    return tuple(map(message_factory.GetMessageClass, found))


def _add(message: DescriptorProto, name: str, number: int, of: int | str) -> None:
    made = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    if name == ATTRIBUTES:
        entry = message.nested_type.add(name="AttributesEntry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=1, type=Field.TYPE_STRING)
        entry.field.add(name="value", number=2, label=1, type=of)
        of = f"{message.name}.AttributesEntry"
    if not isinstance(of, str):
        made.type = of
        return
    made.label = Field.LABEL_REPEATED
    if of == BYTES:
        made.type = Field.TYPE_BYTES
    else:
        made.type, made.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{of}"


Traces, Logs, Event, Status, Value = _made()
