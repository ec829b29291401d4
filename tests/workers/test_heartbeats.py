"""Heartbeats outward, on real sockets: start, success and fail in order, repeated perhaps and never lost."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.support.hostile_http import HostileServer, answers, hangs
from tests.support.watching import House
from tests.workers.processes import living_process

from personal_assistant.jobs import leases
from personal_assistant.notifications import heartbeats as outward
from personal_assistant.settings import Settings
from personal_assistant.store.tables import watches
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers import heartbeats as sending
from personal_assistant.workers.heartbeats import Heartbeats
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.schedulers.watch_scheduler import WatchScheduler
from personal_assistant.workers.utils.health_check import check_health


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"private_hosts": "127.0.0.1"})


@pytest.fixture(params=["ai_task", "schedule"])
def house(request: pytest.FixtureRequest, runtime: Runtime) -> House:
    return House(runtime, request.param)


@pytest.fixture
def one(runtime: Runtime) -> House:
    return House(runtime)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


@pytest.fixture
def beats(runtime: Runtime) -> Heartbeats:
    return Heartbeats(runtime)


def heard(server: HostileServer) -> list[str]:
    """What came, without the part of the path that is the watch's own."""
    return [it.path.removeprefix("/hook") or "/" for it in server.received]


def test_start_and_success_are_told_as_they_come(house: House, server: HostileServer, beats: Heartbeats) -> None:
    house.occurrence(99, "succeeded")  # before it was watched
    house.watch(url=server.url)
    beats.look().join()
    job = house.occurrence(5)
    beats.look().join()
    assert heard(server) == []
    house.become(job, "running")
    beats.look().join()
    assert heard(server) == ["/start"]
    started = house.now
    house.clock.advance(123)
    house.become(job, "succeeded", started_at=started)
    for _ in range(2):
        beats.look().join()
    assert heard(server) == ["/start", "/"]
    body = server.received[1].body.decode()
    assert body.endswith(": succeeded after 2 min 3 s (due 2026-06-02 11:59:55 UTC)")
    assert house.row().pinged_at == house.now


def test_what_began_and_ended_between_two_looks_is_told_in_order(
    house: House, server: HostileServer, beats: Heartbeats
) -> None:
    house.watch(url=server.url)
    house.occurrence(30, "succeeded")
    house.occurrence(20, "failed", error="No route to https://u:p@example.org/x?token=1, said it. " + "x " * 2000)
    house.occurrence(10, "missed")
    house.occurrence(5, "running")
    beats.look().join()
    assert heard(server) == ["/start", "/", "/start", "/fail", "/start"]
    said = server.received[3].body
    assert b"No route to \xe2\x80\xa6 said it." in said and len(said) <= 1000


def test_of_occurrences_that_overlap_each_is_told_to_its_end(
    house: House, server: HostileServer, beats: Heartbeats
) -> None:
    house.watch(url=server.url)
    slow, waits = house.occurrence(30, "running"), house.occurrence(20)
    house.occurrence(10, "succeeded")
    beats.look().join()
    assert heard(server) == ["/start", "/start", "/"]
    house.become(slow, "failed", error="x")
    beats.look().join()
    house.become(waits, "succeeded")
    beats.look().join()
    house.become(slow, "succeeded")  # retried by its person
    beats.look().join()
    beats.look().join()
    assert heard(server)[3:] == ["/fail", "/start", "/", "/start", "/"]


def test_a_job_that_is_cancelled_while_it_runs_has_failed_and_one_that_waits_says_nothing(
    house: House, server: HostileServer, beats: Heartbeats
) -> None:
    house.watch(url=server.url)
    runs, waits = house.occurrence(30, "running"), house.occurrence(20)
    beats.look().join()
    house.become(runs, "cancelled")
    house.become(waits, "cancelled")
    beats.look().join()
    assert heard(server) == ["/start", "/fail"]


def test_a_process_that_dies_before_it_notes_a_ping_repeats_that_one_only(
    one: House, server: HostileServer, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.watch(url=server.url)
    one.occurrence(10, "succeeded")
    with monkeypatch.context() as dying:
        notes: list[object] = []

        async def killed(_: Heartbeats, write: Callable[[sa.Connection], None]) -> None:
            notes.append(write)
            if len(notes) == 2:
                raise SystemExit
            with runtime.db.write() as conn:
                write(conn)

        dying.setattr(Heartbeats, "_note", killed)
        dying.setattr(sending, "_start", lambda work: work())
        with pytest.raises(SystemExit):
            Heartbeats(runtime).look()
    Heartbeats(runtime).look().join()
    assert heard(server) == ["/start", "/", "/"]


def test_a_host_that_hangs_or_fails_holds_up_no_other(
    one: House, server: HostileServer, beats: Heartbeats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_LONGEST_SECONDS", 0.5)
    schedule = House(one.runtime, "schedule")
    with HostileServer() as bad:
        bad.behave(hangs)
        one.watch(url=bad.url + "?key=s3cret")
        schedule.watch(url=server.url)
        one.occurrence(10, "succeeded")
        hanging = beats.look()
        bad.wait_for(1)
        schedule.occurrence(10, "succeeded")
        beats.look().join()
        assert heard(server) == ["/start", "/"]
        hanging.join()
        assert _error(one) == "there was no answer within 0.5 s"

        beats.look().join()
        assert len(bad.received) == 1  # it rests
        bad.behave(answers(500, body=b"see https://x.example/s3cret"))
        one.clock.advance(6)
        beats.look().join()
        assert _error(one) == "it answered 500: see …"
        one.clock.advance(6)
        beats.look().join()
        assert len(bad.received) == 2  # for longer now
        bad.behave(answers(200))
        one.clock.advance(6)
        beats.look().join()
        assert [it.path for it in bad.received[-2:]] == ["/hook/start?key=s3cret", "/hook?key=s3cret"]
        assert _error(one) is None


def _error(house: House) -> str | None:
    with house.runtime.db.read() as conn:
        mine = watches.c.ai_task_id == house.id
        error: str | None = conn.execute(sa.select(watches.c.ping_error).where(mine)).scalar_one()
    return error


def test_a_service_that_asks_to_wait_is_waited_for_five_minutes_at_most(
    one: House, server: HostileServer, beats: Heartbeats
) -> None:
    server.behave(answers(429, "Retry-After: 999999"))
    one.watch(url=server.url)
    one.occurrence(10, "succeeded")
    beats.look().join()
    one.clock.advance(299)
    beats.look().join()
    assert len(server.received) == 1
    one.clock.advance(2)
    beats.look().join()
    assert len(server.received) == 2


def test_a_private_address_is_not_told_unless_it_is_allowed(one: House, server: HostileServer) -> None:
    settings = one.runtime.settings.model_copy(update={"private_hosts": ""})
    one.watch(url=server.url)
    one.occurrence(10, "succeeded")
    Heartbeats(replace(one.runtime, settings=settings)).look().join()
    assert server.received == []
    assert "private address" in str(_error(one))
    assert "127.0.0.1 is a private" in str([it.message for it in check_health(one.runtime) if it.check == "watches"])


def test_of_several_schedulers_the_one_that_runs_longest_sends(
    one: House, server: HostileServer, beats: Heartbeats
) -> None:
    one.watch(url=server.url)
    one.occurrence(10, "succeeded")
    with living_process(one.runtime, "elder"), one.write() as conn:
        conn.execute(sa.text("UPDATE workers SET host = 'elsewhere'"))
    beats.look().join()
    assert server.received == []
    one.clock.advance(one.runtime.settings.lease_seconds + 1)  # it is gone
    beats.look().join()
    assert heard(server) == ["/start", "/"]


def test_the_instance_tells_each_minute_whether_it_is_well(
    one: House, server: HostileServer, beats: Heartbeats
) -> None:
    one.watch_instance(url=server.url)

    def check() -> None:
        thread = beats.check()
        if thread is not None:
            thread.join()

    with living_process(one.runtime):
        with one.write() as conn:
            conn.execute(sa.text("UPDATE workers SET host = :host"), {"host": socket.gethostname()})
        check()
        one.clock.advance(59)
        check()
        assert heard(server) == ["/"]
        assert server.received[0].body == b"the assistant itself: is well"
    with one.write() as conn:
        leases.unregister(conn, "alive")
    one.clock.advance(1)
    check()
    assert heard(server) == ["/", "/fail"]
    assert b"No scheduler is alive" in server.received[1].body


def test_a_scheduler_looks_after_a_moment_then_every_five_seconds(
    one: House, server: HostileServer, clock: ManualClock
) -> None:
    one.watch(grace_seconds=0, url=server.url)
    one.change(next_run_at=one.now)
    scheduler = WatchScheduler(one.runtime)
    with one.runtime.db.read() as conn:
        assert scheduler.next_due(conn) == one.now.replace(second=15)
        clock.advance(15)
        assert scheduler.next_due(conn) == one.now
    one.occurrence(15, "failed", error="x")
    assert scheduler.dispatch(one.now) == 1
    assert one.told()[0][0] == "⏰ Late: Stretch"
    server.wait_for(2)
    assert heard(server) == ["/start", "/fail"]
    with one.runtime.db.read() as conn:
        assert scheduler.next_due(conn) == one.now.replace(second=20)
        clock.advance(-3600)
        assert scheduler.next_due(conn) == one.now
    late = [it for it in check_health(one.runtime) if it.check == "watches"]
    assert [it.level for it in late] == ["warning"]


def test_the_url_of_a_signal() -> None:
    assert outward.signal_url("https://h.example/a/?x=1#f", "success") == "https://h.example/a/?x=1"
    assert outward.signal_url("https://h.example/a/?x=1", "start") == "https://h.example/a/start?x=1"
    assert outward.signal_url("https://h.example/a", "fail") == "https://h.example/a/fail"
