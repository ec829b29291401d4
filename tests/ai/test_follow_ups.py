"""What follows a reminder that is not done: repeats, escalation, snoozes; and nothing once it is done."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.ai.support import OWNER, another_person, run_due

from personal_assistant.ai import AITaskManager, acting
from personal_assistant.ai.extras import Extras
from personal_assistant.ai.follow_ups import ESCALATION, REPEAT, SNOOZED, State, due_topics, next_at
from personal_assistant.notifications.addresses import add_address
from personal_assistant.notifications.preferences import set_quiet_hours
from personal_assistant.notifications.threads import ThreadError
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import deliveries
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.reminder_scheduler import ReminderScheduler

MINUTE = 60.0


class Household:
    """A runtime whose time can be let pass, with every scheduler step in between."""

    def __init__(self, runtime: Runtime, clock: ManualClock) -> None:
        self.runtime, self.clock = runtime, clock
        self.manager = AITaskManager(runtime.db, clock)
        # Two of them, as with several scheduling processes: what one has sent the other must not send again.
        self._schedulers = [ReminderScheduler(runtime), ReminderScheduler(runtime)]

    def pass_time(self, minutes: float) -> None:
        """Let time pass, from one instant at which something is due to the next."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while (planned := self._next()) is not None and planned <= end:
            self.clock.advance(max(0.0, (planned - self.clock.now()).total_seconds()))
            self.turn()
        self.clock.advance((end - self.clock.now()).total_seconds())

    def turn(self) -> None:
        run_due(self.runtime)
        for scheduler in self._schedulers:
            scheduler.dispatch(self.clock.now())

    def _next(self) -> datetime | None:
        with self.runtime.db.read() as conn:
            found = [it.next_due(conn) for it in self._schedulers]
        found += [task.next_run_at for task in self.manager.get_user_tasks(OWNER, "active")]
        return min((at for at in found if at is not None), default=None)

    def told(self, user_id: int = OWNER) -> list[tuple[float, str | None]]:
        """Minutes since noon and topic of each message in a person's list, the oldest first."""
        chosen = sa.select(deliveries.c.created_at, deliveries.c.topic).order_by(deliveries.c.id)
        mine = sa.and_(deliveries.c.user_id == user_id, deliveries.c.channel == "in_app")
        with self.runtime.db.read() as conn:
            rows = conn.execute(chosen.where(mine)).all()
        return [((row.created_at - START).total_seconds() / 60, row.topic) for row in rows]


START = datetime.fromisoformat("2026-06-02T12:00:00+00:00")


@pytest.fixture
def home(runtime: Runtime, clock: ManualClock) -> Household:
    return Household(runtime, clock)


def remind(home: Household, when: str = "in 10 minutes", **extras: object) -> int:
    return home.manager.create_from_words(OWNER, "Pills", when=when, extras=extras).id


def test_from_remind_to_done(home: Household) -> None:
    task_id = remind(home, repeat_minutes=10, escalate_minutes=60)
    db, clock = home.runtime.db, home.clock
    home.pass_time(35)
    assert home.told() == [(10, None), (20, REPEAT), (30, REPEAT)]
    with db.write() as conn:
        until = acting.until_in_words(conn, OWNER, "for 20 minutes", clock.now())
        acting.snooze_task(conn, OWNER, task_id, until, clock.now())
    home.pass_time(85)
    after_snooze = [(55, SNOOZED), *((minute, REPEAT) for minute in (65, 75, 85, 95, 105, 115)), (115, ESCALATION)]
    assert home.told()[3:] == after_snooze
    with db.write() as conn:
        acting.done_task(conn, OWNER, task_id, clock.now(), "cli")
    home.pass_time(600)
    assert home.told()[3:] == after_snooze
    with db.read() as conn:
        rows = conn.execute(sa.select(deliveries.c.done_at, deliveries.c.read_at, deliveries.c.follow_at)).all()
    assert all(row.done_at is not None and row.read_at is not None and row.follow_at is None for row in rows)


def test_it_is_repeated_at_most_so_often(home: Household) -> None:
    remind(home, repeat_minutes=1, repeat_limit=3)
    home.pass_time(100)
    assert [topic for _, topic in home.told()] == [None, REPEAT, REPEAT, REPEAT]


def test_what_has_expired_is_repeated_no_more(home: Household) -> None:
    remind(home, repeat_minutes=10, expire_minutes=25)
    home.pass_time(100)
    assert home.told() == [(10, None), (20, REPEAT), (30, REPEAT)]


def test_after_a_time_in_which_nothing_ran_it_is_told_once_and_goes_on(home: Household) -> None:
    remind(home, repeat_minutes=10)
    home.pass_time(15)
    home.clock.advance(3 * 60 * MINUTE)
    home.pass_time(12)
    assert home.told() == [(10, None), (195, REPEAT), (205, REPEAT)]


def test_only_the_newest_message_of_an_ai_task_is_followed_up(home: Household) -> None:
    remind(home, "every 30 minutes", repeat_minutes=20)
    home.pass_time(65)
    assert home.told() == [(30, None), (50, REPEAT), (60, None)]


def test_what_was_snoozed_comes_although_the_next_occurrence_came(home: Household) -> None:
    task_id = remind(home, "every 30 minutes", repeat_minutes=20)
    home.pass_time(31)
    with home.runtime.db.write() as conn:
        acting.snooze_task(conn, OWNER, task_id, home.clock.now() + timedelta(minutes=33), home.clock.now())
    home.pass_time(35)
    assert home.told() == [(30, None), (60, None), (64, SNOOZED)]


@pytest.mark.parametrize("how", ["pause", "cancel", "remove"])
def test_nothing_follows_when_it_was_ended(home: Household, how: str) -> None:
    task_id = remind(home, "every 2 hours", repeat_minutes=10)
    home.pass_time(125)
    end = {"pause": home.manager.pause_task, "cancel": home.manager.cancel_task, "remove": home.manager.delete_task}
    end[how](task_id, OWNER)
    home.pass_time(600)
    assert home.told() == [(120, None)]


def test_changed_wishes_hold_for_what_is_open(home: Household) -> None:
    task_id = remind(home, repeat_minutes=10)
    home.pass_time(15)
    home.manager.update_task(task_id, OWNER, extras={"repeat_minutes": "30 minutes"})
    home.pass_time(30)
    assert home.told() == [(10, None), (40, REPEAT)]
    home.manager.update_task(task_id, OWNER, extras={"repeat_minutes": None})
    home.pass_time(300)
    assert home.told() == [(10, None), (40, REPEAT)]


def test_it_is_escalated_to_another_person_who_can_end_it(home: Household) -> None:
    other = another_person(home.runtime.db)
    remind(home, repeat_minutes=30, escalate_minutes=45, escalate_to="Grace@example.org")
    home.pass_time(60)
    assert home.told(other) == [(55, ESCALATION)]
    with home.runtime.db.write() as conn:
        message = conn.execute(sa.select(deliveries).where(deliveries.c.user_id == other)).one()
        assert message.title == "⏫ Ada has not done: Pills"
        acting.done(conn, other, message.id, home.clock.now(), "link")
    home.pass_time(300)
    assert home.told() == [(10, None), (40, REPEAT)]


def test_it_is_escalated_to_an_address_before_the_others(home: Household) -> None:
    with home.runtime.db.write() as conn:
        vault, now = vault_of(home.runtime.settings), home.clock.now()
        mail, _ = add_address(conn, vault, OWNER, "email", "ada@example.org", now=now)
        hook, _ = add_address(conn, vault, OWNER, "webhook", "https://example.org/hook", name="Phone", now=now)
    remind(home, escalate_minutes=5, escalate_to="phone")
    home.pass_time(16)
    chosen = sa.select(deliveries.c.topic, deliveries.c.route).where(deliveries.c.channel == "in_app")
    with home.runtime.db.read() as conn:
        routes = {row.topic: row.route for row in conn.execute(chosen)}
    assert routes == {None: [mail.id, hook.id], ESCALATION: [hook.id, mail.id]}


def test_in_quiet_hours_it_is_not_repeated_but_at_their_end(home: Household) -> None:
    with home.runtime.db.write() as conn:
        add_address(conn, vault_of(home.runtime.settings), OWNER, "email", "ada@example.org", now=home.clock.now())
        set_quiet_hours(conn, OWNER, "12:30", "14:00", home.clock.now())
    remind(home, repeat_minutes=15)
    home.pass_time(140)
    assert home.told() == [(10, None), (25, REPEAT), (120, REPEAT), (135, REPEAT)]


def test_an_urgent_one_is_repeated_in_quiet_hours_too(home: Household) -> None:
    with home.runtime.db.write() as conn:
        add_address(conn, vault_of(home.runtime.settings), OWNER, "email", "ada@example.org", now=home.clock.now())
        set_quiet_hours(conn, OWNER, "12:30", "14:00", home.clock.now())
    remind(home, repeat_minutes=15, priority="urgent")
    home.pass_time(60)
    assert home.told() == [(10, None), (25, REPEAT), (40, REPEAT), (55, REPEAT)]


def test_what_is_done_cannot_be_snoozed_nor_anything_into_the_past(home: Household) -> None:
    task_id = remind(home)
    home.pass_time(11)
    db, now = home.runtime.db, home.clock.now()
    with pytest.raises(ThreadError, match="a time to come"), db.write() as conn:
        acting.snooze_task(conn, OWNER, task_id, now - timedelta(seconds=1), now)
    with db.write() as conn:
        acting.done_task(conn, OWNER, task_id, now, "cli")
    with pytest.raises(ThreadError, match="done already"), db.write() as conn:
        acting.snooze_task(conn, OWNER, task_id, now + timedelta(hours=1), now)


_minutes = st.none() | st.integers(1, 200)


@given(
    st.builds(Extras, repeat_minutes=_minutes, repeat_limit=st.integers(1, 20), escalate_minutes=_minutes),
    st.none() | st.integers(1, 3000),
    st.lists(st.integers(0, 400), max_size=30),
)
def test_something_is_sent_exactly_when_it_was_announced(extras: Extras, expire: int | None, looks: list[int]) -> None:
    """Whenever one looks, nothing is sent before it is due, and what is due is sent."""
    now = START
    expires_at = None if expire is None else START + timedelta(minutes=expire)
    state = State(START, START, expires_at=expires_at)
    for minutes in looks:
        now += timedelta(minutes=minutes)
        planned, topics = next_at(state, extras), due_topics(state, extras, now)
        if topics:
            assert planned is not None
            assert planned <= now
        elif planned is not None:
            assert planned > now or (expires_at is not None and expires_at <= now)
        state = State(
            now if REPEAT in topics else state.told_at,
            state.counted_from,
            state.repeats + (REPEAT in topics),
            state.escalated or ESCALATION in topics,
            expires_at=expires_at,
        )
    assert state.repeats <= extras.repeat_limit
