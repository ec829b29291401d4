"""Caps: how many messages a channel carries in a day of its person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER

from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.notifications.preferences import (
    PreferenceError,
    Preferences,
    get_preferences,
    set_cap,
    set_quiet_hours,
    set_route,
)
from personal_assistant.store.database import Database
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries, users
from personal_assistant.workers.runtime import Runtime

NOON = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def reached(runtime: Runtime) -> Database:
    """The owner, in New York, with two addresses."""
    vault, url = vault_of(runtime.settings), "https://example.org/h"
    with runtime.db.write() as conn:
        conn.execute(sa.update(users).values(zone="America/New_York"))
        for name in ("first", "second"):
            add_address(conn, vault, OWNER, "webhook", url, name=name, now=NOON)
    return runtime.db


def send(db: Database, now: datetime, *keys: str) -> None:
    with db.write() as conn:
        deliver(conn, [Message(key, OWNER, "reminder", key, None, None) for key in keys], now)


def states(db: Database) -> list[tuple[str, str]]:
    with db.read() as conn:
        chosen = sa.select(deliveries.c.title, deliveries.c.state).where(deliveries.c.channel != "in_app")
        return [tuple(row) for row in conn.execute(chosen.order_by(deliveries.c.id))]


def told(db: Database) -> list[str]:
    with db.read() as conn:
        alerts = sa.select(deliveries.c.title).where(deliveries.c.kind == "alert", deliveries.c.channel == "in_app")
        return list(conn.execute(alerts).scalars())


def test_further_ones_take_the_next_channel_and_it_is_told_once_a_day(reached: Database) -> None:
    with reached.write() as conn:
        set_cap(conn, OWNER, "webhook", 2, NOON)
    send(reached, NOON, "a")
    assert told(reached) == []
    send(reached, NOON, "b", "c")
    send(reached, NOON, "d")
    found = [row for row in states(reached) if not row[0].startswith("⚠️")]
    assert found[:2] == [("a", "pending"), ("b", "pending")]
    assert set(found[2:]) == {("c", "suppressed"), ("d", "suppressed")}
    assert told(reached) == ["⚠️ No more messages by webhook today"]


def test_a_day_is_one_of_its_person(reached: Database) -> None:
    with reached.write() as conn:
        set_cap(conn, OWNER, "webhook", 1, NOON)
    send(reached, NOON, "a")
    send(reached, NOON + timedelta(hours=15), "23:00 there")
    send(reached, NOON + timedelta(hours=16), "midnight there")
    found = dict(states(reached))
    assert (found["a"], found["23:00 there"], found["midnight there"]) == ("pending", "suppressed", "pending")


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (lambda conn: set_quiet_hours(conn, OWNER, "22:00", None, NOON), "a beginning and an end"),
        (lambda conn: set_quiet_hours(conn, OWNER, "22:00", "25:00", NOON), "'25:00' is no time of day"),
        (lambda conn: set_quiet_hours(conn, OWNER, "22:00:01", "07:00", NOON), "no time of day"),
        (lambda conn: set_quiet_hours(conn, OWNER, "7:00", "07:00", NOON), "no time of day"),
        (lambda conn: set_quiet_hours(conn, OWNER, "07:00", "07:00", NOON), "another time than they begin"),
        (lambda conn: set_route(conn, OWNER, "gossip", [], NOON), "The kinds are reminder, alert, result"),
        (lambda conn: set_route(conn, OWNER, "alert", ["third"], NOON), "There are first, second"),
        (lambda conn: set_cap(conn, OWNER, "in_app", 1, NOON), "no cap for 'in_app'"),
        (lambda conn: set_cap(conn, OWNER, "sms", -1, NOON), "from 0 to 100,000"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(reached: Database, wish: Any, reason: str) -> None:
    with pytest.raises(PreferenceError, match=reason), reached.write() as conn:
        wish(conn)
    with reached.read() as conn:
        assert get_preferences(conn, OWNER) == Preferences()


def test_wishes_are_kept_and_taken_back(reached: Database) -> None:
    with reached.write() as conn:
        set_quiet_hours(conn, OWNER, "22:00", "07:00", NOON)
        set_route(conn, OWNER, "alert", ["second", "first", "second"], NOON)
        set_route(conn, OWNER, "result", [], NOON)
        set_cap(conn, OWNER, "sms", 5, NOON)
        kept = Preferences("22:00", "07:00", {"alert": ["second", "first"], "result": []}, {"sms": 5})
        assert get_preferences(conn, OWNER) == kept
        set_quiet_hours(conn, OWNER, None, None, NOON)
        set_route(conn, OWNER, "alert", None, NOON)
        set_route(conn, OWNER, "result", None, NOON)
        set_cap(conn, OWNER, "sms", None, NOON)
        assert get_preferences(conn, OWNER) == Preferences()
