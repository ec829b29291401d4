"""Clocks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from personal_assistant.timing.clock import ManualClock, SystemClock, utc_now

START = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(START)
    assert clock.now() == clock.now() == START
    clock.advance(2.5)
    assert clock.now() == START + timedelta(seconds=2.5)
    clock.advance(-3600)
    assert clock.now() == START + timedelta(seconds=2.5 - 3600)


def test_it_tells_utc_whatever_it_was_set_to() -> None:
    east = START.astimezone(timezone(timedelta(hours=5, minutes=45)))
    clock = ManualClock(east)
    assert clock.now().tzinfo is UTC
    clock.set(east + timedelta(days=1))
    assert clock.now() == START + timedelta(days=1)
    assert clock.now().tzinfo is UTC


def test_it_refuses_a_start_without_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 3, 29))  # noqa: DTZ001


def test_the_machines_clock_tells_aware_utc() -> None:
    before = utc_now()
    now = SystemClock().now()
    assert now.utcoffset() == timedelta()
    assert now >= before
