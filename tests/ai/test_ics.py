"""AI tasks leave and enter as iCalendar files."""

from base64 import b64encode
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from tests.ai.support import OWNER, another_person

from personal_assistant.ai import AITaskManager
from personal_assistant.ai.ics.export import export
from personal_assistant.ai.ics.importing import Imported, import_ics
from personal_assistant.ai.ics.own import NAME
from personal_assistant.ai.ics.reading import IcsError
from personal_assistant.ai.ics.rules import written
from personal_assistant.ai.model import AITask
from personal_assistant.store.database import Database
from personal_assistant.store.tables import reminders
from personal_assistant.timing.clock import ManualClock
from personal_assistant.timing.recurrence import parse_schedule

ZONES = ("UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/New_York")


@pytest.fixture
def manager(db: Database, clock: ManualClock) -> AITaskManager:
    return AITaskManager(db, clock)


def calendar(*entries: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *entries, "END:VCALENDAR", ""]
    return "\r\n".join("\r\n".join(lines).split("\n")).replace("\r\r", "\r").encode()


def todo(*lines: str) -> str:
    return "\n".join(("BEGIN:VTODO", *lines, "END:VTODO"))


def event(*lines: str, alarm: str = "TRIGGER:-PT15M") -> str:
    alarms = ("BEGIN:VALARM", "ACTION:DISPLAY", alarm, "END:VALARM") if alarm else ()
    return "\n".join(("BEGIN:VEVENT", *lines, *alarms, "END:VEVENT"))


def one(db: Database, clock: ManualClock, *entries: str, **options: Any) -> Imported:
    (found,) = import_ics(db, clock, OWNER, calendar(*entries), **options)
    return found


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (todo("SUMMARY:a", "DUE:20260603T090000Z"), "2026-06-03T09:00Z"),
        (todo("SUMMARY:a", "DUE;TZID=Asia/Kathmandu:20260603T090000"), "2026-06-03T03:15Z"),
        (todo("SUMMARY:a", "DUE;TZID=W. Europe Standard Time:20260603T090000"), "2026-06-03T07:00Z"),
        (todo("SUMMARY:a", "DUE;VALUE=DATE:20260603"), "2026-06-03T09:00Z"),
        (todo("SUMMARY:a", "DTSTART:20260501T090000Z", "RRULE:FREQ=WEEKLY;BYDAY=FR"), "2026-06-05T09:00Z"),
        (
            todo(
                "SUMMARY:a",
                "DTSTART;TZID=Europe/Paris:20260501T090000",
                "RRULE:FREQ=DAILY",
                "EXDATE;TZID=Europe/Paris:20260603T090000,20260604T090000",
            ),
            "2026-06-05T07:00Z",
        ),
        (event("SUMMARY:a", "DTSTART:20260603T090000Z"), "2026-06-03T08:45Z"),
        (event("SUMMARY:a", "DTSTART;VALUE=DATE:20260604", alarm="TRIGGER:-PT15H"), "2026-06-03T09:00Z"),
        (
            event("SUMMARY:a", "DTSTART:20260603T090000Z", "DTEND:20260603T100000Z", alarm="TRIGGER;RELATED=END:PT0S"),
            "2026-06-03T10:00Z",
        ),
        (
            event("SUMMARY:a", "DTSTART:20260603T090000Z", alarm="TRIGGER;VALUE=DATE-TIME:20260602T130000Z"),
            "2026-06-02T13:00Z",
        ),
        (event("SUMMARY:a", "DTSTART:20260501T000500Z", "RRULE:FREQ=DAILY"), "2026-06-02T23:50Z"),
    ],
)
def test_when_an_entry_reminds(db: Database, clock: ManualClock, entry: str, expected: str) -> None:
    found = one(db, clock, entry)
    assert found.reason is None
    assert found.next_run_at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (todo("SUMMARY:a"), "it has no time"),
        (todo("DUE:20260603T090000Z"), "it has no title"),
        (todo("SUMMARY:a", "DUE:20260101T090000Z"), "lies in the past"),
        (todo("SUMMARY:a", "DUE:20260603T090000Z", "STATUS:COMPLETED"), "it is completed"),
        (todo("SUMMARY:a", "DUE:20260603T090000Z", "STATUS:CANCELLED"), "it is cancelled"),
        (todo("SUMMARY:a", "DUE:soon"), "it cannot be read"),
        (todo("SUMMARY:a", "DUE;TZID=Moon/Base:20260603T090000"), "time zone 'Moon/Base' is not known"),
        (todo("SUMMARY:a", "DUE:20260603T090000Z", "RRULE:FREQ=SECONDLY"), "more often than once a minute"),
        (todo("SUMMARY:a", "DUE:20260603T090000Z", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "several RRULEs"),
        (todo("SUMMARY:a", "DUE:20260603T090000Z", "RDATE:20260604T090000Z"), "RDATE"),
        (todo("SUMMARY:a", "DUE:20260603T090000Z", "DUE:20260604T090000Z"), "DUE twice"),
        (event("SUMMARY:a", "DTSTART:20260603T090000Z", alarm=""), "it has no alarm"),
        (event("SUMMARY:a", "DTSTART:20260603T090000Z", alarm="TRIGGER:PTsoon"), "it cannot be read"),
        (event("SUMMARY:a", "DTSTART:99991231T235900Z", alarm="TRIGGER:P9D"), "beyond the calendar"),
        (event("SUMMARY:a", "DTSTART:20260603T000500Z", "RRULE:FREQ=MONTHLY;BYMONTHDAY=3"), "on another day"),
    ],
)
def test_what_cannot_be_imported_is_told_and_spoils_no_other(
    db: Database, clock: ManualClock, entry: str, reason: str
) -> None:
    good = todo("SUMMARY:good", "DUE:20260603T090000Z")
    bad, other = import_ics(db, clock, OWNER, calendar(entry, good))
    assert bad.reason is not None
    assert reason in bad.reason
    assert (other.title, other.reason) == ("good", None)


def test_a_second_import_changes_nothing(db: Database, clock: ManualClock, manager: AITaskManager) -> None:
    data = calendar(
        todo("UID:1", "SUMMARY:a", "DUE:20260603T090000Z", "PRIORITY:1", "CATEGORIES:home,tax", "CATEGORIES:home"),
        todo("SUMMARY:without a UID", "DUE:20260603T090000Z"),
        todo("UID:1", "SUMMARY:twice", "DUE:20260603T090000Z"),
    )
    dry = import_ics(db, clock, OWNER, data, dry_run=True)
    assert manager.get_user_tasks(OWNER) == []
    first = import_ics(db, clock, OWNER, data)
    assert [it.reason for it in first] == [it.reason for it in dry] == [None, None, "it is here already"]
    assert {it.reason for it in import_ics(db, clock, OWNER, data)} == {"it is here already"}
    assert len(manager.get_user_tasks(OWNER)) == 2
    with db.read() as conn:
        chosen = sa.select(*reminders.c["priority", "tags"]).where(reminders.c.ical_uid == "1")
        assert tuple(conn.execute(chosen).one()) == ("high", ["home", "tax"])
    assert import_ics(db, clock, another_person(db), data)[0].reason is None


def test_an_event_with_two_alarms_reminds_twice(db: Database, clock: ManualClock) -> None:
    second = event("UID:e", "SUMMARY:a", "DTSTART:20260610T090000Z").replace(
        "END:VEVENT", "BEGIN:VALARM\nTRIGGER:-P1D\nEND:VALARM\nEND:VEVENT"
    )
    found = import_ics(db, clock, OWNER, calendar(second))
    assert [str(it.next_run_at) for it in found] == ["2026-06-10 08:45:00+00:00", "2026-06-09 09:00:00+00:00"]
    assert {it.reason for it in import_ics(db, clock, OWNER, calendar(second))} == {"it is here already"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no iCalendar file"),
        (b"hello", "no iCalendar file"),
        (b"\xff\xfe\x00", "not in UTF-8"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n", "cut off"),
        (calendar(*["BEGIN:VTODO\nEND:VTODO"] * 5_001), "more than 5000 entries"),
        (b"BEGIN:VCALENDAR\r\n" + b"x" * 5_000_000, "more than 5 MB"),
    ],
)
def test_a_file_that_is_none_is_refused(db: Database, clock: ManualClock, data: bytes, reason: str) -> None:
    with pytest.raises(IcsError, match=reason):
        import_ics(db, clock, OWNER, data)


def test_work_for_the_agent_comes_in_only_where_it_is_asked_for(
    db: Database, clock: ManualClock, manager: AITaskManager
) -> None:
    manager.create_task(OWNER, "News", "daily", task_type="automated_task", ai_context="Read the news")
    with db.write() as conn:
        data = export(conn, OWNER)
    other = another_person(db)
    (refused,) = import_ics(db, clock, other, data)
    assert "--automated" in str(refused.reason)
    (taken,) = import_ics(db, clock, other, data, automated=True)
    assert taken.ai_task_id is not None
    assert manager.get_task(taken.ai_task_id).ai_context == "Read the news"


def test_what_another_program_changed_counts(db: Database, clock: ManualClock, manager: AITaskManager) -> None:
    manager.create_task(OWNER, "Tea", "once", {"run_at": "2026-06-03T09:00:00Z"})
    with db.write() as conn:
        data = export(conn, OWNER).replace(b"20260603T090000Z", b"20260604T100000Z")
    (found,) = import_ics(db, clock, another_person(db), data)
    assert found.next_run_at == datetime(2026, 6, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "null", "x", "[" * 9_000, '{"task":{},"extras":{},"paused":false,"times":[]}']
)
def test_a_property_that_only_looks_like_ours_is_passed_over(db: Database, clock: ManualClock, text: str) -> None:
    escaped = b64encode(text.encode()).decode()
    assert one(db, clock, todo("SUMMARY:a", "DUE:20260603T090000Z", f"{NAME}:{escaped}")).reason is None


_TIME = st.fixed_dictionaries({"hour": st.integers(0, 23), "minute": st.integers(0, 59)})
_ENDS = st.fixed_dictionaries(
    {"start": st.dates(date(2026, 1, 1), date(2027, 12, 31)).map(str)},
    optional={
        "until": st.dates(date(2029, 1, 1), date(2031, 1, 1)).map(str),
        "interval": st.integers(1, 5),
        "except_dates": st.lists(st.dates(date(2026, 6, 2), date(2027, 12, 31)).map(str), max_size=3),
    },
)
_DAYS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "daily": st.fixed_dictionaries({}, optional={"except": st.lists(st.integers(0, 6), max_size=6, unique=True)}),
    "weekly": st.fixed_dictionaries({"weekdays": st.lists(st.integers(0, 6), min_size=1, unique=True)}),
    "monthly": st.one_of(
        st.fixed_dictionaries({"day": st.integers(1, 31) | st.just(-1)}),
        st.fixed_dictionaries({"nth": st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), min_size=1)}),
    ),
    "yearly": st.fixed_dictionaries({"month": st.integers(1, 12), "day": st.integers(1, 31)}),
}


@st.composite
def schedules(draw: st.DrawFn) -> tuple[str, dict[str, Any], str]:
    kind = draw(st.sampled_from(sorted(_DAYS)))
    return kind, draw(_DAYS[kind]) | draw(_TIME) | draw(_ENDS), draw(st.sampled_from(ZONES))


@given(schedules())
@settings(max_examples=150)
def test_the_rule_that_is_written_means_the_same(drawn: tuple[str, dict[str, Any], str]) -> None:
    schedule = parse_schedule(*drawn)
    after = datetime(2026, 6, 2, 12, tzinfo=UTC)
    first = schedule.next_after(after)
    ours = written(schedule, first) if first is not None else None
    if first is None or ours is None:
        return
    assert ours.rule is not None
    config: dict[str, Any] = {"rule": ours.rule, "start": ours.start.isoformat()}
    if ours.except_at:
        config["except_dates"] = [at.date().isoformat() for at in ours.except_at]
    assert parse_schedule("rrule", config, drawn[2]).upcoming(after, 12) == schedule.upcoming(after, 12)


_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"))
_TEXT = st.text(_CHARACTERS, min_size=1, max_size=80)


@given(
    title=_TEXT.filter(str.strip),
    description=st.none() | st.text(_CHARACTERS | st.sampled_from("\n\t\\;,"), min_size=1),
    schedule=schedules(),
    late=st.none() | st.integers(0, 10_000),
    policy=st.sampled_from(("skip", "once", "all")),
    paused=st.booleans(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_exported_comes_in_whole(
    db: Database,
    clock: ManualClock,
    manager: AITaskManager,
    title: str,
    description: str | None,
    schedule: tuple[str, dict[str, Any], str],
    late: int | None,
    policy: str,
    paused: bool,
) -> None:
    kind, config, zone = schedule
    assume(parse_schedule(*schedule).next_after(clock.now()) is not None)
    task = manager.create_task(
        OWNER, title, kind, config, zone=zone, description=description, max_lateness_seconds=late, missed_policy=policy
    )
    if paused:
        task = manager.pause_task(task.id)
    with db.write() as conn:
        data = export(conn, OWNER)
    manager.delete_task(task.id)
    (found,) = import_ics(db, clock, OWNER, data)
    assert found.reason is None
    assert found.ai_task_id is not None
    assert _told(manager.delete_task(found.ai_task_id)) == _told(task)
    assert Calendar.from_ical(data).walk("VTODO")[0]["UID"] == found.uid


def _told(task: AITask) -> dict[str, Any]:
    left_out = {"id", "created_at", "updated_at", "revision"}
    return {name: getattr(task, name) for name in AITask.__dataclass_fields__ if name not in left_out}


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_bytes_are_read_or_refused(garbage: bytes) -> None:
    from personal_assistant.ai.ics.reading import UnreadableEntry, entries_of

    data = b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\n" + garbage + b"\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    try:
        for entry in entries_of(data):
            entry.read()
    except (IcsError, UnreadableEntry) as error:
        assert str(error)
