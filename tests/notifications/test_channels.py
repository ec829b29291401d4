"""The ways to reach a person."""

import pytest

from personal_assistant.notifications.channels import Route, UnknownChannelError, check_channels, route


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, ["in_app"]),
        ([], ["in_app"]),
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


@pytest.mark.parametrize(
    ("asked", "not_ready"),
    [(None, ()), (["in_app"], ()), (["sms"], ("sms",)), (["sms", "in_app", "sms", "pager"], ("sms", "pager"))],
)
def test_a_message_always_has_a_way_that_works(asked: list[str] | None, not_ready: tuple[str, ...]) -> None:
    assert route(asked) == Route(("in_app",), not_ready)
