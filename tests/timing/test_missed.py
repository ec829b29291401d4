"""What happens to the instants that passed while nothing ran."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personal_assistant.timing.missed import ON_TIME, MissedPolicy, Plan, plan, spoken
from personal_assistant.timing.recurrence import parse_schedule

DUE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAILY = parse_schedule("daily", {"hour": 9}, "UTC")
HOURLY = parse_schedule("cron", {"expression": "@hourly"}, "UTC")


def planned(name: str, now: datetime, *, lateness: timedelta | None = None, limit: int = 100) -> Plan:
    return plan(DAILY, DUE, now, MissedPolicy(name, lateness), limit)


def running(found: Plan) -> list[datetime]:
    return [it.due for it in found.occurrences if it.missed is None]


@pytest.mark.parametrize("name", ["skip", "once", "all"])
def test_what_is_on_time_runs_under_every_policy(name: str) -> None:
    for late in (timedelta(), timedelta(milliseconds=3), ON_TIME):
        found = planned(name, DUE + late)
        assert running(found) == [DUE]
        assert found.next_due == DUE + timedelta(days=1)


def test_nothing_is_planned_before_its_instant() -> None:
    assert planned("all", DUE - timedelta(microseconds=1)) == Plan([], DUE)


def test_skip_runs_none_of_the_missed_ones_and_gives_each_its_reason() -> None:
    found = planned("skip", DUE + timedelta(days=2, hours=3))
    assert [it.due.day for it in found.occurrences] == [2, 3, 4]
    assert running(found) == []
    assert found.occurrences[-1].missed == (
        "Nothing was running at its instant (3 h ago), and missed runs are skipped."
    )
    assert found.next_due == DUE + timedelta(days=3)


def test_once_runs_the_newest_of_the_missed_ones() -> None:
    found = planned("once", DUE + timedelta(days=2, hours=3))
    assert running(found) == [DUE + timedelta(days=2)]
    assert "only the newest missed run is made up for" in (found.occurrences[0].missed or "")
    assert len(found.occurrences) == 3


def test_once_runs_a_single_missed_one() -> None:
    assert running(planned("once", DUE + timedelta(hours=20))) == [DUE]


def test_all_runs_each_oldest_first() -> None:
    found = planned("all", DUE + timedelta(days=2))
    assert running(found) == [DUE, DUE + timedelta(days=1), DUE + timedelta(days=2)]


@pytest.mark.parametrize("name", ["once", "all"])
def test_nothing_runs_beyond_the_greatest_lateness(name: str) -> None:
    found = planned(name, DUE + timedelta(days=1, hours=3), lateness=timedelta(hours=4))
    assert running(found) == [DUE + timedelta(days=1)]
    later = planned(name, DUE + timedelta(days=1, hours=5), lateness=timedelta(hours=4))
    assert running(later) == []
    assert later.occurrences[-1].missed == "It was 5 h late; at most 4 h is allowed."


def test_a_greatest_lateness_below_the_usual_allowance_counts() -> None:
    allowed = timedelta(seconds=10)
    assert running(planned("all", DUE + timedelta(seconds=10), lateness=allowed)) == [DUE]
    assert running(planned("all", DUE + timedelta(seconds=11), lateness=allowed)) == []


def test_no_lateness_at_all_still_leaves_a_second_to_get_there() -> None:
    assert running(planned("all", DUE + timedelta(milliseconds=900), lateness=timedelta())) == [DUE]
    assert running(planned("all", DUE + timedelta(seconds=2), lateness=timedelta())) == []


def test_a_long_absence_is_gone_through_in_portions_that_lose_nothing() -> None:
    now = DUE + timedelta(days=30, minutes=5)
    due: datetime | None = DUE
    rows, portions = [], 0
    while due is not None and due <= now:
        found = plan(HOURLY, due, now, MissedPolicy("once"), 100)
        rows += found.occurrences
        due, portions = found.next_due, portions + 1
    assert [it.due for it in rows] == [DUE + timedelta(hours=count) for count in range(721)]
    assert [it.due for it in rows if it.missed is None] == [DUE + timedelta(days=30)]
    assert portions == 8
    assert due == DUE + timedelta(days=30, hours=1)


def test_a_suspended_machine_makes_up_by_policy_across_a_change_of_the_clock() -> None:
    paris = parse_schedule("daily", {"hour": 2, "minute": 30}, "Europe/Paris")
    due = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    found = plan(paris, due, datetime(2026, 3, 30, 12, tzinfo=UTC), MissedPolicy("all"), 10)
    assert [it.due.isoformat()[5:16] for it in found.occurrences] == ["03-28T01:30", "03-29T01:00", "03-30T00:30"]


def test_the_last_occurrence_leaves_no_next() -> None:
    ending = parse_schedule("daily", {"hour": 9, "until": "2026-03-03"}, "UTC")
    found = plan(ending, DUE, DUE + timedelta(days=9), MissedPolicy("once"), 100)
    assert running(found) == [DUE + timedelta(days=1)]
    assert found.next_due is None


@given(
    name=st.sampled_from(["skip", "once", "all"]),
    lateness=st.none() | st.timedeltas(timedelta(), timedelta(days=5)),
    away=st.timedeltas(timedelta(), timedelta(days=9)),
    limit=st.integers(1, 30),
)
def test_every_instant_up_to_now_has_one_row(
    name: str, lateness: timedelta | None, away: timedelta, limit: int
) -> None:
    now = DUE + away
    found = plan(HOURLY, DUE, now, MissedPolicy(name, lateness), limit)
    due = [it.due for it in found.occurrences]
    assert due == [DUE + timedelta(hours=count) for count in range(len(due))]
    assert len(due) == min(limit, away // timedelta(hours=1) + 1)
    assert found.next_due == due[-1] + timedelta(hours=1)
    for it in found.occurrences:
        late = now - it.due
        if it.missed is None:
            assert lateness is None or late <= max(lateness, timedelta(seconds=1))
            assert late <= ON_TIME or (name == "once" and late < timedelta(hours=1)) or name == "all"
        else:
            assert it.missed.endswith(".")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(milliseconds=400), "0 s"),
        (timedelta(seconds=59.7), "1 min"),
        (timedelta(hours=3, minutes=20, seconds=9), "3 h 20 min"),
        (timedelta(days=2, minutes=5), "2 d 5 min"),
    ],
)
def test_spans_are_told_in_their_two_greatest_units(span: timedelta, words: str) -> None:
    assert spoken(span) == words
