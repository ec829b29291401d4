"""Equal failures: one message, one digest a day, one notice that it is over."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person, run_due

from personal_assistant.ai import AITaskManager
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.inbox import list_notifications
from personal_assistant.notifications.incidents import digests, failed, fingerprint, succeeded
from personal_assistant.notifications.model import Message
from personal_assistant.store.database import Database
from personal_assistant.store.tables import incidents
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

ABOUT = "ai_task:5"


def fail(db: Database, clock: ManualClock, error: str = "It is broken.", **more: Any) -> Message | None:
    given = {"user_id": OWNER, "about": ABOUT, "title": "Sum up", "kind": "permanent", **more}
    with db.write() as conn:
        return failed(conn, error=error, now=clock.now(), **given)


def works(db: Database, clock: ManualClock, *abouts: str) -> list[Message]:
    with db.write() as conn:
        return succeeded(conn, dict.fromkeys(abouts or (ABOUT,), OWNER), clock.now())


def digest(db: Database, clock: ManualClock) -> list[Message]:
    with db.write() as conn:
        return digests(conn, clock.now())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Timed out after 30.2 s", "Timed out after 4 s", True),
        ("No job 0190aa4e-5c1b-7d3e-8f00-1234567890ab", "No job ffffaa4e-5c1b-7d3e-8f00-000000000000", True),
        ("<Thing at 0x7f3a2b>", "<Thing at 0x11aa22ff>", True),
        ("Connection refused", "Connection reset", False),
        ("", "x", False),
        ("decade", "facade", False),
    ],
)
def test_equal_failures_are_those_that_differ_in_numbers_only(one: str, other: str, same: bool) -> None:
    assert (fingerprint("transient", one) == fingerprint("transient", other)) is same
    assert fingerprint("transient", one) != fingerprint("permanent", one)


def test_fifty_failures_are_one_message_one_digest_and_one_notice(db: Database, clock: ManualClock) -> None:
    told = []
    for number in range(50):
        told.append(fail(db, clock, f"It broke at step {number}."))
        clock.advance(60)
    first = [message for message in told if message is not None]
    assert [(message.kind, message.topic, message.body) for message in first] == [
        ("alert", "incident", "It broke at step 0.")
    ]
    [once_a_day] = digest(db, clock)
    assert once_a_day.title == "❌ Failed again: Sum up"
    assert once_a_day.body == (
        "• Sum up: 49 times more since Tue 02 Jun 12:00, the last at Tue 02 Jun 12:49. It broke at step 0."
    )
    assert digest(db, clock) == []
    [over] = works(db, clock)
    assert (over.title, over.topic) == ("✅ Works again: Sum up", "recovered")
    assert over.body == "It had failed 50 times since Tue 02 Jun 12:00: It broke at step 0."
    assert works(db, clock) == [] and digest(db, clock) == []


def test_another_failure_of_the_same_thing_is_told_and_both_are_over_at_once(db: Database, clock: ManualClock) -> None:
    assert fail(db, clock, "It is broken.") and fail(db, clock, "It is away.") and not fail(db, clock, "It is broken.")
    [over] = works(db, clock)
    assert str(over.body).startswith("It had failed 3 times since")


def test_each_person_and_each_thing_has_its_own(db: Database, clock: ManualClock) -> None:
    grace = another_person(db)
    made = [fail(db, clock), fail(db, clock, user_id=grace), fail(db, clock, about="schedule:x")]
    assert len({message.key for message in made if message is not None}) == 3
    fail(db, clock, user_id=grace)
    assert [message.user_id for message in digest(db, clock)] == [grace]
    assert [message.key for message in works(db, clock)] == ["incident:1:recovered"]
    assert works(db, clock, "ai_task:6") == [] and len(works(db, clock, "schedule:x", ABOUT)) == 1


def test_what_fails_every_other_time_is_told_at_most_once_an_hour(db: Database, clock: ManualClock) -> None:
    alerts, notices = [], []
    for _ in range(36):  # six hours
        alerts.append(fail(db, clock))
        clock.advance(300)
        notices += works(db, clock)
        clock.advance(300)
    assert len([alert for alert in alerts if alert]) == len(notices) == 6
    [told] = digest(db, clock)
    assert told.body == (
        "• Sum up: 30 times more since Tue 02 Jun 12:00, the last at Tue 02 Jun 17:40; it works now. It is broken."
    )


def test_one_that_lasts_after_a_short_recovery_is_told_again(db: Database, clock: ManualClock) -> None:
    assert fail(db, clock)
    clock.advance(60)
    assert works(db, clock)
    told = []
    for _ in range(8):
        clock.advance(600)
        told.append(fail(db, clock) is not None)
    assert told == [False] * 5 + [True, False, False]


def test_many_things_fit_into_one_digest(db: Database, clock: ManualClock) -> None:
    with db.write() as conn:
        for number in range(60):
            for _ in range(2):
                failed(conn, OWNER, f"ai_task:{number}", "T" * 300, "bug", "E\n" * 3000, clock.now())
    [told] = digest(db, clock)
    body = str(told.body)
    assert (told.title, len(body) < 20_000, body.endswith("… and 10 others")) == (
        "❌ Failed again: 60 things",
        True,
        True,
    )


def test_hostile_text_is_kept_plain(db: Database, clock: ManualClock) -> None:
    fail(db, clock, "\0\ud800 broken", title="a\0b")
    assert fail(db, clock, "\0\ud800 broken", title="a\0b") is None
    with db.read() as conn:
        row: Any = conn.execute(sa.select(incidents)).one()
    assert (row.title, row.error, row.count) == ("a\ufffdb", "\ufffd\ufffd broken", 2)


def test_an_ai_task_that_fails_again_and_again_alerts_once_and_says_when_it_runs_again(
    runtime: Runtime, db: Database, clock: ManualClock
) -> None:
    manager = AITaskManager(db, clock)
    task = manager.create_task(OWNER, "Sum up", "custom", {"interval_minutes": 10}, task_type="automated_task")
    for _ in range(5):
        clock.advance(600)
        run_due(runtime)
    manager.update_task(task.id, task_type="reminder")
    clock.advance(600)
    run_due(runtime)
    with db.read() as conn:
        found = [(it.title, it.ai_task_id) for it in reversed(list_notifications(conn, OWNER))]
    assert found == [("❌ Did not run: Sum up", task.id), ("Sum up", task.id), ("✅ Works again: Sum up", None)]


def test_a_digest_that_is_made_again_is_not_sent_again(db: Database, clock: ManualClock) -> None:
    fail(db, clock)
    fail(db, clock)
    [told] = digest(db, clock)
    with db.write() as conn:
        deliver(conn, [told, told], clock.now())
        assert len(list_notifications(conn, OWNER)) == 1
    clock.advance(timedelta(days=1).total_seconds())
    fail(db, clock)
    [next_day] = digest(db, clock)
    assert "once more since Tue 02 Jun 12:00, the last at Wed 03 Jun 12:00" in str(next_day.body)
