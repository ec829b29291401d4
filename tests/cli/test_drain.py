"""Taking back that a worker is to rest."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from tests.workers.processes import dead_process, heartbeat

from personal_assistant.cli import drain
from personal_assistant.jobs.draining import Told, tell, told_to
from personal_assistant.jobs.leases import Worker
from personal_assistant.store.tables import workers
from personal_assistant.workers.runtime import Runtime

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def rests(runtime: Runtime, worker_id: str) -> Worker:
    """Put one on record as a process does that was told to rest before."""
    worker = replace(dead_process(runtime, worker_id), name="w@here")
    with runtime.db.write() as conn:
        conn.execute(sa.update(workers).where(workers.c.id == worker_id).values(draining=True, name=worker.name))
        tell(conn, [worker_id], Told.REST)
    return worker


def obeys(runtime: Runtime, worker_id: str) -> None:
    with runtime.db.read() as conn:
        assert told_to(conn, worker_id, Told.REST) is None
    assert heartbeat(runtime, worker_id)


def leaves(runtime: Runtime, worker_id: str) -> None:
    with runtime.db.write() as conn:
        conn.execute(sa.delete(workers).where(workers.c.id == worker_id))


def undo(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, worker: Worker, *meanwhile: Callable[[], object]
) -> list[str]:
    """Take it back; this happens while it is waited for. The names of those that have not done it."""
    now = [0.0]
    left = list(meanwhile)

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if left:
            left.pop(0)()

    monkeypatch.setattr(drain, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    late = drain._bring_about(runtime, [worker], None, quiet=True)
    assert left == []
    return late


def test_one_that_has_lost_its_lease_is_waited_for(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = rests(runtime, "w")
    leaves(runtime, "w")
    events = (lambda: rests(runtime, "w"), lambda: None, lambda: obeys(runtime, "w"))
    assert undo(runtime, monkeypatch, worker, *events) == []


def test_what_takes_the_place_of_a_dead_one_is_told_too(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = rests(runtime, "w")
    events = (
        lambda: leaves(runtime, "w"),
        lambda: rests(runtime, "its successor"),
        lambda: None,
        lambda: obeys(runtime, "its successor"),
    )
    assert undo(runtime, monkeypatch, worker, *events) == []


def test_one_that_has_ended_is_not_waited_for_in_vain(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = rests(runtime, "w")
    assert undo(runtime, monkeypatch, worker, lambda: leaves(runtime, "w")) == []
