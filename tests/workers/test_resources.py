"""What the machine uses and has left: measured, kept, thinned out, removed, and shown to admins."""

import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER
from tests.api.rest import Rest, token_of
from tests.api.support import server
from tests.api.web import browser

from personal_assistant.jobs import leases, signals
from personal_assistant.people.tokens import ADMIN
from personal_assistant.store.tables import resource_samples
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.resources import Sample, add_sample, measure, remove_samples, samples


def fill(runtime: Runtime, count: int) -> Sample:
    """One sample a minute up to now; gives the newest."""
    sample = measure(runtime)
    with runtime.db.write() as conn:
        for number in reversed(range(count)):
            add_sample(conn, replace(sample, at=sample.at - timedelta(minutes=number)))
    return sample


def test_what_is_measured_is_of_this_machine_and_of_its_processes(runtime: Runtime) -> None:
    nobody = measure(runtime)
    assert (nobody.processes, nobody.memory_bytes) == (0, 0)
    now = runtime.clock.now()
    with closing(signals.listen(runtime.db, "here")), closing(signals.listen(runtime.db, "there")):
        with runtime.db.write() as conn:
            for name, host in (("here", nobody.host), ("there", "far")):
                leases.register(conn, leases.Worker(name, host, os.getpid(), "0", True, True, now, now, None, False))
        own = measure(runtime)
    assert own.processes >= 1 and own.memory_bytes > 10_000_000
    assert 0 <= own.cpu_percent <= 100
    assert own.database_bytes > 10_000 and own.disk_free_bytes > 0 and own.memory_available_bytes > 0


@pytest.mark.parametrize(("count", "most", "gap"), [(0, 5, 0), (5, 5, 1), (6, 5, 2), (23, 5, 5)])
def test_samples_are_thinned_out_evenly_and_the_newest_is_kept(
    runtime: Runtime, count: int, most: int, gap: int
) -> None:
    newest = fill(runtime, count)
    with runtime.db.read() as conn:
        found = samples(conn, newest.at - timedelta(days=1), most)
    assert len(found) <= most
    assert [newest.at - it.at for it in reversed(found)] == [timedelta(minutes=gap * n) for n in range(len(found))]
    assert not found or found[-1] == newest


def test_those_of_one_machine_are_not_thinned_out_by_another(runtime: Runtime) -> None:
    newest = fill(runtime, 6)
    with runtime.db.write() as conn:
        for number in range(6):
            add_sample(conn, replace(newest, host="far", at=newest.at - timedelta(minutes=number, seconds=30)))
    with runtime.db.read() as conn:
        ours = samples(conn, newest.at - timedelta(hours=1), 6)
        theirs = samples(conn, newest.at - timedelta(hours=1), 6, host="far")
        assert samples(conn, newest.at - timedelta(hours=1), host="far\0\ud800") == []
    assert [len(ours), len(theirs)] == [6, 6]
    assert {it.host for it in ours} == {newest.host} and {it.host for it in theirs} == {"far"}


def test_old_ones_are_removed_in_steps(runtime: Runtime) -> None:
    newest = fill(runtime, 10)
    with runtime.db.write() as conn:
        assert [remove_samples(conn, newest.at - timedelta(minutes=2), 4) for _ in range(3)] == [4, 3, 0]
        assert conn.scalar(sa.select(sa.func.count()).select_from(resource_samples)) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_admins_see_them(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert "Nothing was measured" in mine.get("/system").text
        newest = fill(runtime, 90)
        rest = Rest(client, token_of(runtime, OWNER, ADMIN))
        assert len(rest("GET", "/system/resources?hours=1").json["items"]) == 61
        assert rest("GET", "/system/resources").json["items"][-1]["database_bytes"] == newest.database_bytes
        assert rest("GET", "/system/resources?hours=0").status == 422
        assert Rest(client, token_of(runtime))("GET", "/system/resources").status == 403
        figures = json.loads(mine.get("/system/resources?span=hour").body)
        assert len(figures["times"]) == len(figures["cpu"]) == 61 and figures["free"][-1] == newest.disk_free_bytes
        page = mine.get("/system?span=what").text
        assert "The same as a table" in page and 'data-from="/system/resources?span=day"' in page
