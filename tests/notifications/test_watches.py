"""Watches: added once for each thing, with a sealed heartbeat URL; and the watch over the instance itself."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.support.watching import House

from personal_assistant.errors import AssistantError
from personal_assistant.notifications import watches as watching
from personal_assistant.notifications.model import AddressError
from personal_assistant.notifications.watches import WatchError
from personal_assistant.notifications.wellness import note_health
from personal_assistant.store.secrets import vault_of
from personal_assistant.store.tables import users
from personal_assistant.timing.language.lengths import read_length
from personal_assistant.workers.runtime import Runtime

URL = "https://hc-ping.example.org/s3cret"


@pytest.fixture(params=["ai_task", "schedule"])
def house(request: pytest.FixtureRequest, runtime: Runtime) -> House:
    return House(runtime, request.param)


@pytest.fixture
def instance(runtime: Runtime) -> House:
    house = House(runtime)
    house.watch_instance(grace_seconds=120)
    return house


def look(house: House, problem: str | None = None, *, after: float = 60.0) -> int:
    house.clock.advance(after)
    return note_health(house.runtime.db, house.now, problem, 300.0)


def test_a_url_is_sealed_shown_in_part_and_opened(house: House) -> None:
    watch = house.watch(grace_seconds=90, url=URL)
    assert (watch.grace_seconds, watch.masked) == (90, "https://hc-pi…")
    assert "s3cret" not in repr(watch)
    row = house.row()
    assert "s3cret" not in row.sealed
    assert watching.open_url(vault_of(house.runtime.settings), watch.id, row.sealed) == URL


def test_a_thing_is_watched_once(house: House) -> None:
    house.watch()
    with pytest.raises(WatchError, match="watched already"):
        house.watch()
    house.watch_instance()
    with pytest.raises(WatchError, match="watched already"):
        house.watch_instance()


def test_what_is_removed_takes_its_watch_with_it(house: House) -> None:
    watch = house.watch()
    with house.write() as conn:
        conn.execute(sa.delete(house.table))
        with pytest.raises(WatchError, match="There is no watch"):
            watching.get_watch(conn, house.owner.id, watch.id)


def test_what_cannot_be_watched_is_refused(house: House) -> None:
    for more, reason in (
        ({"grace_seconds": -1}, "The grace is a length of 0 to 366 days"),
        ({"url": "ftp://s3cret"}, "has to look like https://"),
    ):
        with pytest.raises(AssistantError, match=reason) as refused:
            house.watch(**more)
        assert "s3cret" not in str(refused.value)
    with house.write() as conn:
        other = {"email": "bob@example.org", "hashed_password": "!"}
        bob = conn.execute(sa.insert(users).values(other).returning(users.c.id)).scalar_one()
        vault = vault_of(house.runtime.settings)
        with pytest.raises(WatchError, match=r"There is no AI task|Only the owner"):
            watching.add_watch(conn, vault, bob, **house.thing)
        with pytest.raises(WatchError, match="There is no AI task 99999999999"):
            watching.add_watch(conn, vault, bob, ai_task_id=99999999999)
        with pytest.raises(WatchError, match="over one thing"):
            watching.add_watch(conn, vault, house.owner.id, ai_task_id=1, schedule_id=1)
        assert watching.list_watches(conn, house.owner.id) == []


def test_another_url_forgets_what_went_wrong_with_the_old_one(house: House) -> None:
    watch = house.watch(url=URL)
    with house.write() as conn:
        conn.execute(sa.text("UPDATE watches SET ping_error = 'it is gone'"))
        changed = watching.set_url(conn, vault_of(house.runtime.settings), watch, URL + "2")
        assert changed.ping_error is None
        with pytest.raises(AddressError):
            watching.set_url(conn, vault_of(house.runtime.settings), watch, "no url")
        assert watching.set_url(conn, vault_of(house.runtime.settings), watch, None).masked is None
        assert watching.set_grace(conn, watch, 5).grace_seconds == 5
        watching.remove_watch(conn, watch)
        assert watching.list_watches(conn, house.owner.id) == []


def test_an_instance_that_stays_unwell_is_told_once_and_its_end_once(instance: House) -> None:
    assert look(instance) == 0
    assert [look(instance, "No runner is alive.") for _ in range(5)] == [0, 0, 1, 0, 0]
    assert instance.row().late_since == instance.now - timedelta(seconds=120)
    assert look(instance) == 1
    assert look(instance) == 0
    assert instance.told() == [
        ("❌ Unwell: the assistant itself", "No runner is alive."),
        ("✅ Well again: the assistant itself", "It had been unwell since Tue 02 Jun 12:02:00."),
    ]


def test_an_instance_that_is_unwell_for_a_moment_is_not_told(instance: House) -> None:
    assert [look(instance, problem) for problem in (None, "x", None, "x", "x", None)] == [0] * 6


def test_an_instance_that_was_away_says_so_once(instance: House) -> None:
    assert look(instance) == 0
    assert look(instance, after=180) == 0  # a minute from look to look, and the grace
    assert look(instance, after=8 * 3600) == 1
    assert look(instance) == 0
    [(title, body)] = instance.told()
    assert title == "⏰ Was away: the assistant itself"
    assert body.startswith("Nothing was done from Tue 02 Jun 12:04:00 to Tue 02 Jun 20:04:00 (8 h)")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("half an hour", 1800), ("0s", 0), ("2 days", 172_800), ("ten minutes", 600)]
    + [(words, None) for words in ("", "600", "-5m", "1 month", "10m please", "soon", "x" * 1000, "half a second")],
)
def test_lengths_in_words(words: str, seconds: int | None) -> None:
    assert read_length(words) == seconds
