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
from phasegate.telemetry.observation import Rejected

# google.rpc.Code, which OTLP clients expect in the body of a failure.
INVALID, NOT_FOUND, EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE = 3, 5, 8, 12, 14

RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"

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


def success(partly: Partly, field: str, encoding: Encoding, rejected: Rejected) -> bytes:
    """Write a success; field is the JSON name of the count of what was rejected."""
    if encoding is Encoding.PROTOBUF:
        return partly(rejected.count, rejected.why) if rejected.count else b""
    partial = {field: str(rejected.count), "errorMessage": rejected.why}
    return json.dumps({"partialSuccess": partial} if rejected.count else {}).encode()


def status(failure: Failure, encoding: Encoding) -> bytes:
    """Write google.rpc.Status: field 1 is the code, field 2 the message."""
    if encoding is Encoding.JSON:
        return json.dumps({"code": failure.code, "message": failure.message}).encode()
    return bytes((0x08, failure.code)) + _field(2, failure.message.encode())


def detailed_status(failure: Failure) -> bytes:
    """Write google.rpc.Status with a google.rpc.RetryInfo in its field 3, where there is one.

    An OTLP client takes RESOURCE_EXHAUSTED for final unless a RetryInfo comes with it.
    """
    told = status(failure, Encoding.PROTOBUF)
    info = retry_info(failure)
    if info:
        told += _field(3, _field(1, RETRY_INFO.encode()) + _field(2, info))
    return told


def retry_info(failure: Failure) -> bytes:
    """Write a google.rpc.RetryInfo; nothing for a failure that is final."""
    if failure.again_s is None:
        return b""
    return _field(1, b"\x08" + _varint(failure.again_s))


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))
