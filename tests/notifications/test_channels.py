"""The ways to reach a person."""

from typing import Any

import pytest

from personal_assistant.notifications.channels import Route, UnknownChannelError, check_channels, route_of
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.wishes import Wishes


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, []),
        ([], []),
        ("email", ["email"]),
        (["sms", "in_app", "sms"], ["sms", "in_app"]),
        (("push", "webhook"), ["push", "webhook"]),
    ],
)
def test_channels_are_stored_each_once_in_the_order_given(given: list[str] | None, stored: list[str]) -> None:
    assert check_channels(given) == stored


@pytest.mark.parametrize("name", ["pager", "", "IN_APP", "in_app "])
def test_other_names_are_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownChannelError, match="The channels are in_app, email, sms, push, webhook"):
        check_channels(["in_app", name])


def message(**more: Any) -> Message:
    given = {"key": "a", "user_id": 1, "kind": "reminder", "title": "T", "body": None, "channels": None, **more}
    return Message(**given)


# Addresses in their order, with one wish: results go to the second mail address only, alerts nowhere.
WISHES = Wishes("UTC", ((4, "email"), (2, "webhook"), (7, "email")), {"result": [7], "alert": []})


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({}, (4, 2, 7)),
        ({"kind": "result"}, (7,)),
        ({"kind": "alert"}, ()),
        ({"outward": False}, ()),
        ({"channels": []}, ()),
        ({"channels": ["in_app"]}, ()),
        ({"channels": ["webhook", "email", "webhook"]}, (2, 4, 7)),
        ({"channels": ["email"], "outward": False}, ()),
        ({"route": [7, 4, 7, 99]}, (7, 4)),
    ],
)
def test_a_message_goes_where_it_is_to_or_where_its_person_wishes(
    given: dict[str, Any], addresses: tuple[int, ...]
) -> None:
    assert route_of(message(**given), WISHES) == Route(addresses)


def test_what_was_asked_for_and_leads_nowhere_is_told() -> None:
    asked = message(channels=["sms", "email", "pager", "in_app"])
    assert route_of(asked, WISHES) == Route((4, 7), ("sms",), ("pager",))
    assert route_of(asked, None) == Route((), ("sms", "email"), ("pager",))


def test_a_wish_for_an_address_that_is_gone_or_switched_off_is_passed_over() -> None:
    assert route_of(message(), Wishes("UTC", ((4, "email"),), {"reminder": [9, 4]})) == Route((4,))
