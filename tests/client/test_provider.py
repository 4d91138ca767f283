"""The provider through the real OpenFeature SDK, and its events and telemetry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from phasegate.client import PhasegateProvider
from phasegate.flags.document import FlagState

PATIENT = EvaluationContext("patient-1", {"country": "MY"})


def flag(**variants: object) -> dict[str, object]:
    first = next(iter(variants))
    return {"state": "ENABLED", "variants": variants, "defaultVariant": first}


FLAGS = {
    "boolean": flag(on=True, off=False),
    "text": flag(greeting="hi"),
    "whole": flag(ten=10),
    "whole_with_point": flag(ten=10.0),
    "half": flag(half=0.5),
    "structure": flag(page={"images": [1, 2]}),
    "disabled": {**flag(on=True), "state": "DISABLED"},
    "no_default": {"state": "ENABLED", "variants": {"on": True}},
    "broken": {"state": "ENABLED", "variants": {}},
    "by_country": {
        **flag(off=False, on=True),
        "targeting": {"if": [{"==": [{"var": "country"}, "MY"]}, "on"]},
    },
}


@pytest.fixture
def client(plane: Any) -> Iterator[OpenFeatureClient]:
    document = {"flags": FLAGS, "metadata": {"flagSetId": "production", "version": "1"}}
    plane.board.publish("production", 1, document)
    api.set_provider_and_wait(PhasegateProvider(plane.url, "production"))
    yield api.get_client()
    api.clear_providers()


def test_every_type_is_resolved(client: OpenFeatureClient) -> None:
    assert client.get_boolean_value("boolean", False, PATIENT) is True
    assert client.get_string_value("text", "bye", PATIENT) == "hi"
    assert client.get_integer_value("whole", 1, PATIENT) == 10
    assert client.get_float_value("half", 0.1, PATIENT) == 0.5
    assert client.get_object_value("structure", {}, PATIENT) == {"images": [1, 2]}


def test_the_context_reaches_targeting(client: OpenFeatureClient) -> None:
    details = client.get_boolean_details("by_country", False, PATIENT)

    assert (details.value, details.variant, details.reason) == (True, "on", Reason.TARGETING_MATCH)
    assert details.flag_metadata == {"flagSetId": "production", "version": "1"}


def test_a_number_is_read_as_the_other_kind_only_without_loss(client: OpenFeatureClient) -> None:
    assert client.get_integer_value("whole_with_point", 1) == 10
    assert client.get_float_value("whole", 1.0) == 10.0
    assert client.get_integer_details("half", 1).error_code is ErrorCode.TYPE_MISMATCH


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("missing", ErrorCode.FLAG_NOT_FOUND),
        ("text", ErrorCode.TYPE_MISMATCH),
        ("whole", ErrorCode.TYPE_MISMATCH),
        ("broken", ErrorCode.PARSE_ERROR),
    ],
)
def test_a_failed_evaluation_gives_the_default_and_says_why(
    client: OpenFeatureClient, key: str, code: ErrorCode
) -> None:
    details = client.get_boolean_details(key, True, PATIENT)

    assert (details.value, details.error_code) == (True, code)
    assert details.error_message


def test_a_disabled_flag_and_one_without_default_leave_the_default_in_force(
    client: OpenFeatureClient,
) -> None:
    disabled = client.get_boolean_details("disabled", False)
    no_default = client.get_boolean_details("no_default", False)

    assert (disabled.value, disabled.reason, disabled.error_code) == (False, "DISABLED", None)
    assert (no_default.value, no_default.reason, no_default.variant) == (False, "DEFAULT", None)


def test_a_structure_belongs_to_who_asked(client: OpenFeatureClient) -> None:
    client.get_object_value("structure", {})["images"].clear()

    assert client.get_object_value("structure", {}) == {"images": [1, 2]}


def test_the_provider_tells_of_changes_loss_and_return(
    plane: Any, client: OpenFeatureClient, until: Callable[..., None]
) -> None:
    heard: list[tuple[ProviderEvent, EventDetails]] = []
    for event in ProviderEvent:
        client.add_handler(event, lambda details, event=event: heard.append((event, details)))
    until(lambda: [event for event, _ in heard] == [ProviderEvent.PROVIDER_READY])

    changed = {**FLAGS, "text": flag(greeting="hello")}
    plane.board.publish("production", 2, {"flags": changed})
    until(lambda: len(heard) == 2)
    plane.go_down()
    until(lambda: len(heard) == 3)
    lost = client.get_provider_status()
    plane.come_back()
    until(lambda: len(heard) == 4)

    assert [event.value for event, _ in heard] == [
        "PROVIDER_READY",
        "PROVIDER_CONFIGURATION_CHANGED",
        "PROVIDER_STALE",
        "PROVIDER_READY",
    ]
    assert heard[1][1].flags_changed == ["text"]
    assert lost is ProviderStatus.STALE
    assert client.get_provider_status() is ProviderStatus.READY


def test_a_trial_that_nobody_watches_any_more_is_told_as_a_change(
    plane: Any, until: Callable[..., None]
) -> None:
    plane.publish(1, FlagState(key="new_cart", exposure=10_000, on_trial=True))
    plane.board.beat("production", 60_000)
    api.set_provider_and_wait(PhasegateProvider(plane.url, "production"))
    client, changed = api.get_client(), list[EventDetails]()
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, changed.append)
    plane.board.beat("production", 200)

    until(lambda: client.get_boolean_details("new_cart", True, PATIENT).reason == "STALE")
    until(lambda: changed)

    assert changed[0].flags_changed == ["new_cart"]
    assert client.get_boolean_value("new_cart", True, PATIENT) is False
    api.clear_providers()


def test_a_provider_without_a_server_fails_and_recovers_by_itself(
    plane: Any, until: Callable[..., None]
) -> None:
    plane.go_down()
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(PhasegateProvider(plane.url, "production", ready_within_s=0.05))
    client = api.get_client()
    assert client.get_provider_status() is ProviderStatus.ERROR

    plane.publish(1, FlagState(key="new_cart", exposure=10_000))
    plane.come_back()
    until(lambda: client.get_provider_status() is ProviderStatus.READY)

    assert client.get_boolean_value("new_cart", False, PATIENT) is True
    api.clear_providers()


def test_shutting_down_twice_is_legal(plane: Any) -> None:
    provider = PhasegateProvider(plane.url, "production")

    provider.shutdown()
    provider.shutdown()

    with pytest.raises(ProviderNotReadyError):
        provider.resolve_boolean_details("boolean", False)


def test_the_provider_tells_ready_before_it_is_initialized(plane: Any) -> None:
    plane.publish(1, FlagState(key="new_cart", exposure=10_000))
    heard: list[ProviderEvent] = []
    provider = PhasegateProvider(plane.url, "production")
    provider.attach(lambda _, event, __: heard.append(event))

    provider.initialize(EvaluationContext(), "a domain")

    assert heard == [ProviderEvent.PROVIDER_READY]
    provider.shutdown()


def test_the_provider_tells_its_error_before_it_fails(plane: Any) -> None:
    heard: list[tuple[ProviderEvent, ErrorCode | None]] = []
    provider = PhasegateProvider(plane.url, "production", ready_within_s=0.05)
    provider.attach(lambda _, event, details: heard.append((event, details.error_code)))

    with pytest.raises(ProviderNotReadyError):
        provider.initialize(EvaluationContext())

    assert heard[-1] == (ProviderEvent.PROVIDER_ERROR, ErrorCode.PROVIDER_NOT_READY)
    provider.shutdown()


def test_waiting_for_a_value_gives_the_same(client: OpenFeatureClient) -> None:
    async def ask() -> list[Any]:
        return [
            await client.get_boolean_value_async("by_country", False, PATIENT),
            await client.get_integer_value_async("whole", 1, PATIENT),
            await client.get_string_value_async("missing", "bye", PATIENT),
        ]

    assert asyncio.run(ask()) == [True, 10, "bye"]


def test_a_change_is_seen_at_once_although_details_are_kept(
    plane: Any, client: OpenFeatureClient, until: Callable[..., None]
) -> None:
    assert client.get_string_value("text", "bye", PATIENT) == "hi"

    changed = {**FLAGS, "text": flag(greeting="hello")}
    plane.board.publish("production", 2, {"flags": changed, "metadata": {"version": "2"}})
    until(lambda: client.get_string_value("text", "bye", PATIENT) == "hello")

    details = client.get_boolean_details("boolean", False, PATIENT)
    assert details.flag_metadata["version"] == "2"


def test_what_openfeature_has_no_words_for_is_asked_of_the_client_behind(plane: Any) -> None:
    plane.publish(1, FlagState(key="new_cart", exposure=10_000))
    provider = PhasegateProvider(plane.url, "production")
    with pytest.raises(ProviderNotReadyError):
        provider.client.evaluate("new_cart")

    provider.initialize(EvaluationContext())

    assert provider.client.shadow("new_cart", lambda: "old", lambda: "new", "patient-1") == "old"
    provider.shutdown()
