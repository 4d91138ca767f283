"""How the OTLP receiver answers: partial success and failure, in the encoding of the request."""

from __future__ import annotations

import json
from collections.abc import Callable

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from phasegate.telemetry.decode import Encoding

# google.rpc.Code, which OTLP clients expect in the body of a failure.
INVALID, NOT_FOUND, EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE = 3, 5, 8, 12, 14

Partly = Callable[[int, str], bytes]
"""Writes a partial success in protobuf: how many were rejected, and why."""


class Failure(Exception):
    """An answer other than success. again_s: when the sender may come again; None: never."""

    def __init__(self, status: int, code: int, message: str, again_s: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.again_s = status, code, message, again_s


def traces_partly(rejected: int, why: str) -> bytes:
    """Write an ExportTraceServiceResponse."""
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = rejected
    response.partial_success.error_message = why
    return bytes(response.SerializeToString())


def logs_partly(rejected: int, why: str) -> bytes:
    """Write an ExportLogsServiceResponse."""
    response = ExportLogsServiceResponse()
    response.partial_success.rejected_log_records = rejected
    response.partial_success.error_message = why
    return bytes(response.SerializeToString())


def metrics_partly(rejected: int, why: str) -> bytes:
    """Write an ExportMetricsServiceResponse."""
    response = ExportMetricsServiceResponse()
    response.partial_success.rejected_data_points = rejected
    response.partial_success.error_message = why
    return bytes(response.SerializeToString())


def success(partly: Partly, field: str, encoding: Encoding, rejected: int, why: str) -> bytes:
    """Write a success; field is the JSON name of the count of what was rejected."""
    if encoding is Encoding.PROTOBUF:
        return partly(rejected, why) if rejected else b""
    partial = {field: str(rejected), "errorMessage": why}
    return json.dumps({"partialSuccess": partial} if rejected else {}).encode()


def status(failure: Failure, encoding: Encoding) -> bytes:
    """Write google.rpc.Status: field 1 is the code, field 2 the message."""
    if encoding is Encoding.JSON:
        return json.dumps({"code": failure.code, "message": failure.message}).encode()
    text = failure.message.encode()
    return bytes((0x08, failure.code, 0x12)) + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))
