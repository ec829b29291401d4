"""How often jobs may start: what a rate counts, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.jobs.limits import Rate, Spent, ends

NOW = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["abc", "", "10", "0/m", "-1/m", "1.5/s", "10/d", "10 / m", "10/m ", "٣/m"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="like '10/m'"):
        Rate.parse(text)


@pytest.mark.parametrize(("text", "count", "seconds"), [("10/m", 10, 60), ("1/s", 1, 1), ("5000/h", 5000, 3600)])
def test_a_rate_is_a_number_in_a_second_a_minute_or_an_hour(text: str, count: int, seconds: int) -> None:
    assert Rate.parse(text) == Rate(count, seconds)


@given(
    st.sampled_from(["1/s", "3/s", "10/m", "2/h"]),
    st.lists(st.tuples(st.floats(0, 200), st.integers(1, 5)), max_size=60),
)
def test_no_span_of_time_ever_holds_more_starts(text: str, wishes: list[tuple[float, int]]) -> None:
    rate, now, spent = Rate.parse(text), NOW, Spent()
    started: list[datetime] = []
    for seconds, wanted in wishes:
        now += timedelta(seconds=seconds * rate.seconds / 60)
        spent = rate.counted(spent, now)
        number = min(wanted, rate.free(spent))
        if number:
            spent = rate.spend(spent, number, now)
            started += [now] * number
    period = timedelta(seconds=rate.seconds)
    for first in started:
        assert sum(first <= it < first + period for it in started) <= rate.count
    assert len(spent) <= 102, "what is kept does not grow with the rate"


def test_a_start_counts_for_hardly_longer_than_the_period() -> None:
    rate = Rate.parse("1/m")
    spent = rate.spend([], 1, NOW + timedelta(seconds=0.123))
    [end] = ends(spent)
    assert timedelta(seconds=60) <= end - (NOW + timedelta(seconds=0.123)) <= timedelta(seconds=60.6)
    assert rate.counted(spent, end - timedelta(microseconds=1)) == spent
    assert rate.counted(spent, end) == []


def test_after_the_clock_was_set_back_nothing_counts_for_longer_than_the_period() -> None:
    rate = Rate.parse("2/m")
    spent = rate.spend([], 2, NOW)
    earlier = NOW - timedelta(hours=3)
    [end] = ends(rate.counted(spent, earlier))
    assert end <= earlier + timedelta(seconds=61)


def test_what_has_not_started_counts_from_now_on_and_what_has_does_not() -> None:
    rate = Rate.parse("5/m")
    spent = rate.spend(rate.spend([], 2, NOW), 2, NOW + timedelta(seconds=10))
    later = NOW + timedelta(seconds=20)
    assert rate.hold(spent, 0, later) == spent
    assert sorted(rate.hold(spent, 3, later)) == sorted(rate.spend(rate.spend([], 1, NOW), 3, later))
    assert rate.hold(spent, 6, later) == rate.spend([], 6, later)


@pytest.mark.parametrize(("text", "seconds"), [("2/m", 30), ("10/s", 0.1), ("5000/s", 0.1)])
def test_looks_at_what_has_not_started_are_not_too_many(text: str, seconds: float) -> None:
    assert Rate.parse(text).pause() == timedelta(seconds=seconds)
