"""Services that asked to be left alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from personal_assistant.notifications.net.pause import Pauses, pauses, retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("120", 120.0), (None, None), ("", None), ("soon", None), ("-5", None), ("٣", None)],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    assert 590 < (retry_after(soon) or 0) <= 600
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("Wed, 21 Oct 99999 07:28:00 GMT") is None


def test_others_leave_the_host_alone_and_who_was_told_comes_back_at_its_time() -> None:
    paused = Pauses()
    paused.begin("hooks.example", 100, "first")
    assert 99 < paused.left("hooks.example", "second") <= 100
    assert paused.left("hooks.example", "first") == 0
    assert paused.left("other.example", "second") == 0


def test_the_longest_pause_holds_and_none_is_endless() -> None:
    paused = Pauses()
    paused.begin("hooks.example", 100, "first")
    paused.begin("hooks.example", 1, "second")
    assert paused.left("hooks.example", "second") > 99
    paused.begin("hooks.example", 1e9, "third")
    assert 3500 < paused.left("hooks.example", "first") <= 3600


def test_each_loop_has_pauses_of_its_own() -> None:
    async def one() -> Pauses:
        assert pauses() is pauses()
        return pauses()

    assert asyncio.run(one()) is not asyncio.run(one())
