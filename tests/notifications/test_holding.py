"""Quiet hours: nothing goes out in them unless it is urgent, nothing is lost, and it comes at their end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ai.support import OWNER

from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.holding import next_release, release
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.preferences import set_quiet_hours
from personal_assistant.store.database import Database
from personal_assistant.store.secrets import Vault, vault_of
from personal_assistant.store.tables import addresses, deliveries, jobs, notification_settings, users
from personal_assistant.timing.clock import ManualClock
from personal_assistant.timing.zones import get_zone
from personal_assistant.workers.runtime import Runtime

START = datetime(2026, 6, 2, 21, 0, tzinfo=UTC)


@pytest.fixture
def vault(runtime: Runtime) -> Vault:
    return vault_of(runtime.settings)


def prepare(db: Database, vault: Vault, start: str, end: str, zone: str = "UTC", now: datetime = START) -> None:
    with db.write() as conn:
        for table in (deliveries, jobs, notification_settings, addresses):
            conn.execute(sa.delete(table))
        conn.execute(sa.update(users).values(zone=zone))
        add_address(conn, vault, OWNER, "webhook", "https://example.org/hook", now=now)
        set_quiet_hours(conn, OWNER, start, end, now)


def message(key: str, **more: Any) -> Message:
    return Message(key, OWNER, "reminder", f"Title of {key}", None, **{"channels": None, **more})


def send(db: Database, now: datetime, *messages: Message) -> None:
    with db.write() as conn:
        deliver(conn, messages, now)


def let_go(db: Database, now: datetime) -> int:
    with db.write() as conn:
        return release(conn, now)


def outward(db: Database) -> list[Any]:
    """The tries as rows with the title that goes out, and when they were planned."""
    with db.read() as conn:
        chosen = sa.select(deliveries.c.title, deliveries.c.state, deliveries.c.error, deliveries.c.created_at)
        return list(conn.execute(chosen.where(deliveries.c.channel != "in_app").order_by(deliveries.c.id)))


def test_what_comes_in_quiet_hours_is_in_the_list_at_once_and_goes_out_when_they_end(
    db: Database, vault: Vault
) -> None:
    prepare(db, vault, "22:00", "07:00")
    night, morning = START + timedelta(hours=3), START + timedelta(hours=10)
    send(db, START, message("evening"))
    send(db, night, message("night"))
    assert [row.title for row in outward(db)] == ["Title of evening"]
    with db.read() as conn:
        assert next_release(conn) == morning
    assert let_go(db, morning - timedelta(seconds=1)) == 0
    assert let_go(db, morning) == 1
    assert [(row.title, row.state, row.created_at) for row in outward(db)][1:] == [
        ("Title of night", "pending", morning)
    ]
    with db.read() as conn:
        assert next_release(conn) is None


def test_what_is_urgent_goes_out_at_once(db: Database, vault: Vault) -> None:
    prepare(db, vault, "20:00", "07:00")
    send(db, START, message("fire", urgent=True), message("other"))
    assert [row.title for row in outward(db)] == ["Title of fire"]


def test_several_come_as_one_digest_without_those_that_expired_or_were_read(db: Database, vault: Vault) -> None:
    prepare(db, vault, "20:00", "07:00")
    morning = START + timedelta(hours=10)
    send(db, START, message("a"), message("b"), message("old", expires_at=morning), message("read"))
    with db.write() as conn:
        conn.execute(sa.update(deliveries).where(deliveries.c.title == "Title of read").values(read_at=START))
    assert let_go(db, morning) == 4
    assert sorted((row.title, row.state, row.error) for row in outward(db)) == sorted([
        ("Title of old", "suppressed", "It had expired when the quiet hours ended."),
        ("Title of read", "suppressed", "It was done or read before the quiet hours ended."),
        ("🌙 While it was quiet: 2 messages", "pending", None),
    ])  # fmt: skip
    with db.read() as conn:
        digest = conn.execute(sa.select(deliveries).where(deliveries.c.topic == "digest")).one()
        told = conn.execute(sa.select(deliveries.c.title).where(deliveries.c.digest_id == digest.id)).scalars()
        assert sorted(told) == ["Title of a", "Title of b"]
    assert digest.body == "• Tue 21:00 Title of a\n• Tue 21:00 Title of b"
    assert digest.read_at == morning  # in the list they stand themselves
    assert let_go(db, morning) == 0


def test_quiet_hours_that_are_changed_hold_for_what_is_held(db: Database, vault: Vault) -> None:
    prepare(db, vault, "20:00", "07:00")
    send(db, START, message("a"))
    with db.write() as conn:
        set_quiet_hours(conn, OWNER, "20:00", "09:00", START)
    assert let_go(db, START) == 1
    assert outward(db) == []
    with db.read() as conn:
        assert next_release(conn) == START + timedelta(hours=12)
    with db.write() as conn:
        set_quiet_hours(conn, OWNER, None, None, START)
    assert let_go(db, START) == 1
    assert [row.state for row in outward(db)] == ["pending"]


_ZONES = ("Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Europe/Berlin", "America/St_Johns", "UTC")
_clocks = st.tuples(st.integers(0, 23), st.sampled_from((0, 15, 30, 59))).map(lambda it: f"{it[0]:02}:{it[1]:02}")


# Around the changes of daylight-saving time in 2026, and any other day.
_BEGINS = ("2026-04-04T10:00", "2026-10-03T10:00", "2026-03-28T12:00", "2026-10-24T20:00", "2026-06-02T00:00")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(_ZONES),
    hours=st.tuples(_clocks, _clocks).filter(lambda it: it[0] != it[1]),
    begins=st.sampled_from(_BEGINS),
    steps=st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=8),
)  # fmt: skip
def test_in_every_zone_nothing_is_sent_in_quiet_hours_or_lost(
    runtime: Runtime,
    clock: ManualClock,
    vault: Vault,
    zone: str,
    hours: tuple[str, str],
    begins: str,
    steps: list[tuple[int, bool]],
) -> None:
    db = runtime.db
    clock.set(datetime.fromisoformat(begins).replace(tzinfo=UTC))
    prepare(db, vault, *hours, zone=zone, now=clock.now())
    urgent = set()
    for number, (minutes, is_urgent) in enumerate(steps):
        clock.advance(minutes * 60)
        send(db, clock.now(), message(str(number), urgent=is_urgent))
        urgent |= {f"Title of {number}"} if is_urgent else set()
    while True:
        with db.read() as conn:
            due = next_release(conn)
        if due is None:
            break
        # The first allowed minute: a second earlier it was still quiet.
        assert not _quiet(due, zone, hours) and _quiet(due - timedelta(seconds=1), zone, hours)
        clock.set(max(due, clock.now()))
        assert let_go(db, clock.now()) > 0
    sent = outward(db)
    for row in sent:
        assert row.title in urgent or not _quiet(row.created_at, zone, hours), row
    with db.read() as conn:
        digested = set(conn.execute(sa.select(deliveries.c.title).where(deliveries.c.digest_id.is_not(None))).scalars())
    assert {row.title for row in sent if row.title.startswith("Title")} | digested == {
        f"Title of {number}" for number in range(len(steps))
    }


def _quiet(instant: datetime, zone: str, hours: tuple[str, str]) -> bool:
    """Written another way than the product does it: minutes of the day."""
    local = instant.astimezone(get_zone(zone))
    now = local.hour * 60 + local.minute
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in hours)
    return (now - start) % 1440 < (end - start) % 1440
