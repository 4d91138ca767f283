"""OTLP bytes, as they come over HTTP, to observations."""

from __future__ import annotations

import zlib
from enum import Enum

from phasegate.telemetry import jsonbody, protobuf, weighing
from phasegate.telemetry.limits import MOST_METRICS, MOST_OBJECTS, MOST_RECORDS
from phasegate.telemetry.observation import Batch, Malformed
from phasegate.telemetry.records import of_logs, of_points
from phasegate.telemetry.requests import of_spans
from phasegate.telemetry.wanted import Wanted

GZIP = 31
"""zlib's number for the gzip format."""


class Encoding(Enum):
    """How a request's body is written, by its content type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


class TooLarge(Exception):
    """The body is larger than its limit once it is unpacked, or holds too many records."""


def traces(body: bytes, encoding: Encoding, wanted: Wanted | None = None) -> Batch:
    """Return what an ExportTraceServiceRequest says; raises Malformed, TooLarge.

    wanted  lets attributes of requests be left out that nobody asks for.
    """
    _weigh(body, encoding)
    if encoding is Encoding.PROTOBUF:
        return of_spans(protobuf.spans(body, wanted))
    return of_spans(jsonbody.spans(body))


def logs(body: bytes, encoding: Encoding) -> Batch:
    """Return what an ExportLogsServiceRequest says; raises Malformed, TooLarge."""
    _weigh(body, encoding)
    if encoding is Encoding.PROTOBUF:
        return of_logs(protobuf.log_records(body))
    return of_logs(jsonbody.log_records(body))


def metrics(body: bytes, encoding: Encoding) -> Batch:
    """Return what an ExportMetricsServiceRequest says; raises Malformed, TooLarge."""
    if len(body) > MOST_METRICS:
        raise TooLarge(f"the body has more than {MOST_METRICS} bytes of metrics")
    _weigh(body, encoding)
    if encoding is Encoding.PROTOBUF:
        return of_points(protobuf.points(body))
    return of_points(jsonbody.points(body))


def _weigh(body: bytes, encoding: Encoding) -> None:
    """Raise TooLarge for what would take far more memory than its bytes, before it is read."""
    if encoding is Encoding.JSON and weighing.too_many_objects(body):
        raise TooLarge(f"the body has more than {MOST_OBJECTS} objects")
    if encoding is Encoding.PROTOBUF and weighing.too_many_records(body):
        raise TooLarge(f"the body has more than {MOST_RECORDS} records, or a monstrous one")


def unpacked(body: bytes, limit: int) -> bytes:
    """Return the content of a gzip body; raises Malformed, or TooLarge beyond `limit` bytes."""
    unpacker = zlib.decompressobj(wbits=GZIP)
    try:
        content = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise Malformed("the body is not gzip, although its Content-Encoding says so") from error
    if len(content) > limit:
        raise TooLarge(f"the body unpacks to more than {limit} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("the gzip body is cut off, or something follows it")
    return content
