"""Messages to people: stored once per key, listed, read, shown."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person

from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.inbox import (
    NotificationNotFoundError,
    list_notifications,
    mark_read,
    mark_shown,
    unshown,
)
from personal_assistant.notifications.model import Message
from personal_assistant.store.database import Database
from personal_assistant.store.tables import deliveries
from personal_assistant.timing.clock import ManualClock


def message(key: str, **more: Any) -> Message:
    given = {"user_id": OWNER, "kind": "reminder", "title": f"Title of {key}", "body": None, "channels": None, **more}
    return Message(key=key, **given)


def send(db: Database, clock: ManualClock, *messages: Message) -> None:
    with db.write() as conn:
        deliver(conn, messages, clock.now())


def rows(db: Database) -> list[Any]:
    with db.read() as conn:
        return list(conn.execute(sa.select(deliveries).order_by(deliveries.c.id)).all())


def test_a_message_with_a_key_that_was_sent_is_not_sent_again(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("a"), message("b"))
    clock.advance(60)
    send(db, clock, message("b", title="Another"), message("c"))
    assert [(row.key, row.title) for row in rows(db)] == [
        ("a:in_app", "Title of a"),
        ("b:in_app", "Title of b"),
        ("c:in_app", "Title of c"),
    ]


def test_what_is_rolled_back_was_not_sent(db: Database, clock: ManualClock) -> None:
    with pytest.raises(RuntimeError), db.write() as conn:
        deliver(conn, [message("a")], clock.now())
        raise RuntimeError
    assert rows(db) == []


def test_nothing_to_send_is_nothing_sent(db: Database, clock: ManualClock) -> None:
    send(db, clock)
    assert rows(db) == []


def test_a_channel_that_does_not_work_is_recorded_and_the_message_comes_in_app(
    db: Database, clock: ManualClock
) -> None:
    send(db, clock, message("a", channels=["email", "in_app", "sms"]))
    states = {row.channel: (row.state, row.sent_at, row.error) for row in rows(db)}
    assert states == {
        "in_app": ("sent", clock.now(), None),
        "email": ("failed", None, "The channel email is not set up."),
        "sms": ("failed", None, "The channel sms is not set up."),
    }
    with db.read() as conn:
        assert len(list_notifications(conn, OWNER)) == 1


def test_a_channel_that_nobody_knows_is_noted_on_the_message(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("a", channels=["pager"]), message("b", channels=[]))
    assert [(row.channel, row.error) for row in rows(db)] == [
        ("in_app", "There is no channel 'pager'."),
        ("in_app", None),
    ]


def test_long_texts_are_cut_to_what_is_kept(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("a", title="t" * 300, body="b" * 20_000))
    [row] = rows(db)
    assert (len(row.title), len(row.body)) == (255, 10_000)


def test_the_list_is_newest_first_and_ones_own(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("a", due_at=clock.now()), message("theirs", user_id=another_person(db)))
    clock.advance(2.5)
    send(db, clock, message("b", due_at=clock.now()))
    with db.read() as conn:
        found = list_notifications(conn, OWNER)
        assert list_notifications(conn, OWNER, limit=1) == found[:1]
    assert [(it.title, it.sent_at == clock.now(), it.late_seconds) for it in found] == [
        ("Title of b", True, 0.0),
        ("Title of a", False, 0.0),
    ]


def test_lateness_counts_from_the_instant_at_which_it_was_due(db: Database, clock: ManualClock) -> None:
    due = clock.now()
    clock.advance(2.5)
    send(db, clock, message("a", due_at=due), message("b"))
    with db.read() as conn:
        assert [it.late_seconds for it in list_notifications(conn, OWNER)] == [None, 2.5]


def test_reading_marks_one_or_all(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("a"), message("b"), message("c"))
    with db.write() as conn:
        first = list_notifications(conn, OWNER)[-1].id
        assert [mark_read(conn, OWNER, first, clock.now()) for _ in range(2)] == [1, 0]
        assert [it.title for it in list_notifications(conn, OWNER, unread=True)] == ["Title of c", "Title of b"]
        assert mark_read(conn, OWNER, None, clock.now()) == 2
        assert list_notifications(conn, OWNER, unread=True) == []


def test_nobody_reads_what_is_somebody_elses(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("theirs", user_id=another_person(db)))
    [row] = rows(db)
    with db.write() as conn, pytest.raises(NotificationNotFoundError, match=f"no notification {row.id}"):
        mark_read(conn, OWNER, row.id, clock.now())
    with db.write() as conn:
        assert mark_read(conn, OWNER, None, clock.now()) == 0
    assert rows(db)[0].read_at is None


@pytest.mark.parametrize("number", [2**63, -(2**70)])
def test_a_number_that_no_id_can_be_is_nobodys(db: Database, clock: ManualClock, number: int) -> None:
    with db.write() as conn, pytest.raises(NotificationNotFoundError, match=f"no notification {number}"):
        mark_read(conn, OWNER, number, clock.now())


def test_a_text_that_no_database_can_hold_is_delivered_plain(db: Database, clock: ManualClock) -> None:
    send(db, clock, message("a", body="nul \0 and half \udcff"))
    assert rows(db)[0].body == "nul � and half �"


def test_the_console_is_given_what_it_has_not_shown_oldest_first(db: Database, clock: ManualClock) -> None:
    send(db, clock, *(message(key) for key in "abc"), message("theirs", user_id=another_person(db)))
    with db.write() as conn:
        first, second = unshown(conn, OWNER, 2)
        assert [first.title, second.title] == ["Title of a", "Title of b"]
        mark_shown(conn, [first.id, second.id], clock.now())
        assert [it.title for it in unshown(conn, OWNER, 10)] == ["Title of c"]


def test_a_delivery_wakes_those_that_listen(db: Database, clock: ManualClock) -> None:
    woken: list[bool] = []
    db.on_wake = lambda: woken.append(True)
    send(db, clock, message("a"))
    assert woken == [True]
