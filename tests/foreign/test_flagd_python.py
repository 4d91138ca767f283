"""The OpenFeature project's Python flagd provider, in process, fed by our server over gRPC.

Its engine (flagd-core 2.x) hashes by v3, so a flag set that records v3 buckets as it does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider import flagd
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent

from phasegate.flags.compile import compile_document
from phasegate.flags.document import FlagState, document
from phasegate.server.board import FlagBoard
from phasegate.server.grpcsync import GrpcSync

PATIENTS = [EvaluationContext(f"patient-{number}", {"country": "MY"}) for number in range(300)]


def v3(version: int, *states: FlagState) -> dict[str, Any]:
    whole = document("production", version, states)
    return {**whole, "metadata": {**whole["metadata"], "hashing": "v3"}}


@pytest.fixture
def board() -> FlagBoard:
    # Its clocks stand still, so that it says nothing of its own accord.
    now = time.time()
    board = FlagBoard(lambda: 100.0, lambda: now)
    board.publish("production", 1, v3(1, FlagState(key="new_cart", exposure=2500)))
    board.publish("staging", 1, v3(1, FlagState(key="new_cart", exposure=10_000)))
    return board


@pytest.fixture
def connect(board: FlagBoard, serve_grpc: Callable[..., int]) -> Iterator[Callable[..., Any]]:
    port = serve_grpc(lambda: GrpcSync(board, "production", None))

    def start(**options: Any) -> OpenFeatureClient:
        provider = flagd.FlagdProvider(
            host="127.0.0.1",
            port=port,
            resolver_type=flagd.config.ResolverType.IN_PROCESS,
            deadline_ms=30_000,
            **options,
        )
        domain = f"flagd on {port}"
        api.set_provider_and_wait(provider, domain)
        return api.get_client(domain)

    yield start
    api.clear_providers()


def shares(client: OpenFeatureClient, flag: str) -> list[bool]:
    return [client.get_boolean_value(flag, False, patient) for patient in PATIENTS]


def test_it_buckets_every_patient_as_we_do(connect: Callable[..., Any]) -> None:
    whole = v3(1, FlagState(key="new_cart", exposure=2500))
    ours = compile_document(whole)

    theirs = shares(connect(), "new_cart")

    assert theirs == [ours.evaluate("new_cart", one.targeting_key, {}).value for one in PATIENTS]
    assert 0 < sum(theirs) < len(theirs)


def test_it_hears_of_a_change_and_which_flags_changed(
    board: FlagBoard, connect: Callable[..., Any], until: Callable[..., None]
) -> None:
    heard: list[EventDetails] = []
    client = connect()
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, heard.append)
    heard.clear()

    board.publish("production", 2, v3(2, FlagState(key="new_cart", exposure=10_000)))
    until(lambda: heard)

    assert "new_cart" in (heard[0].flags_changed or [])
    assert all(shares(client, "new_cart"))


def test_its_selector_names_the_environment(connect: Callable[..., Any]) -> None:
    assert all(shares(connect(selector="flagSetId=staging"), "new_cart"))


def test_metadata_reaches_it(connect: Callable[..., Any]) -> None:
    details = connect().get_boolean_details("new_cart", False, PATIENTS[0])

    assert details.flag_metadata["flagSetId"] == "production"
    assert details.flag_metadata["hashing"] == "v3"


def test_a_trial_that_nobody_watches_is_off_in_it(
    board: FlagBoard, connect: Callable[..., Any], until: Callable[..., None]
) -> None:
    trial = v3(2, FlagState(key="new_cart", exposure=10_000, on_trial=True))
    board.beat("production", 100_000)
    board.publish("production", 2, trial)
    client = connect()

    watched = shares(client, "new_cart")
    board.beat("production", 2_000)
    # The server says nothing any more: what ends the trial is the time in its rule.
    until(lambda: not any(shares(client, "new_cart")))

    assert all(watched)


def test_a_killed_prerequisite_takes_its_dependents_along_in_it(
    board: FlagBoard, connect: Callable[..., Any]
) -> None:
    whole = v3(2, FlagState(key="payments", exposure=10_000, killed=True))
    receipts = json.loads(json.dumps(v3(2, FlagState(key="receipts", exposure=10_000))))
    whole["flags"]["receipts"] = {**receipts["flags"]["receipts"], "requires": ["payments"]}
    board.publish("production", 2, whole)

    details = connect().get_boolean_details("receipts", True, PATIENTS[0])

    assert details.value is False
    assert details.flag_metadata["prerequisiteOff"] == "payments"
