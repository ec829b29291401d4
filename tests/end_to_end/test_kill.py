"""`assistant up` killed at random moments under load: every occurrence has its one row, and nothing is told twice."""

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.end_to_end.assistants import fork_up, open_runtime, printed_ids, start_up, until

from personal_assistant.ai.catching_up import SUMMARIZE
from personal_assistant.notifications.inbox import unshown
from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks, deliveries, jobs, workers
from personal_assistant.timing.clock import utc_now
from personal_assistant.timing.recurrence import parse_schedule
from personal_assistant.workers.setup import prepare

REMINDERS = 1_300
FORKED_KILLS = 32
KILLS_FROM_THE_COMMAND_LINE = 3
LOAD_SECONDS = 29.0
LONGEST_LIFE_SECONDS = 1.1
OWNER = 1

# Jobs that each tell a person something.
TELLING = sa.or_(jobs.c.ai_task_id.is_not(None), jobs.c.task == SUMMARIZE)

Due = tuple[int, datetime]


@pytest.mark.timeout(180)
def test_kills_at_random_moments_lose_nothing_and_repeat_only_what_was_not_recorded(tmp_path: Path) -> None:
    runtime = open_runtime(tmp_path)
    prepare(runtime)
    planned = add_load(runtime.db, utc_now())
    chance = random.Random(20_260_602)

    recorded: set[int] = set()
    told: set[int] = set()
    for number in range(FORKED_KILLS + KILLS_FROM_THE_COMMAND_LINE):
        output = tmp_path / f"output-{number}"
        if number < FORKED_KILLS:
            kill_at_random(fork_up(tmp_path, output), output, chance, in_the_act=number % 2 == 1)
        else:
            end_at_random(start_up(tmp_path, output), chance)
        printed = printed_ids(output)
        assert len(printed) == len(set(printed)), "one process told something twice"
        assert recorded.isdisjoint(printed), "something was told again that had been recorded as told"
        with runtime.db.read() as conn:
            waiting = {it.id for it in unshown(conn, OWNER, 100_000)}
        told |= set(printed)
        recorded |= set(printed) - waiting

    last = fork_up(tmp_path, tmp_path / "output-last")
    until(lambda: lines_in(tmp_path / "output-last") > 0, 30)
    until(lambda: is_settled(runtime.db, planned), 60)
    assert last.pid is not None
    os.kill(last.pid, signal.SIGTERM)
    last.join(30)
    assert last.exitcode == 0

    printed = printed_ids(tmp_path / "output-last")
    assert recorded.isdisjoint(printed)
    with runtime.db.read() as conn:
        assert told | set(printed) == set(conn.execute(sa.select(deliveries.c.id)).scalars())
        assert conn.execute(sa.select(workers.c.id)).first() is None
    check_occurrences(runtime.db, planned)
    check_deliveries(runtime.db)
    runtime.db.close()


def kill_at_random(process: ForkServerProcess, output: Path, chance: random.Random, *, in_the_act: bool) -> None:
    """Kill a process at any moment of its start or its work; or just after it began to print what it delivered."""
    process.join(chance.uniform(0, LONGEST_LIFE_SECONDS))
    if in_the_act:
        lines = max(1, lines_in(output))  # the first one only says that it is ready
        until(lambda: lines_in(output) > lines, 30, look_every=0.001)
        process.join(chance.uniform(0, 0.01))
    assert process.exitcode is None
    process.kill()
    process.join()


def lines_in(output: Path) -> int:
    return output.read_bytes().count(b"\n") if output.exists() else 0


def end_at_random(process: "subprocess.Popen[bytes]", chance: random.Random) -> None:
    """Kill a process that has its imports to do first, so that these are among the moments, too."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(chance.uniform(0, 3))
    process.kill()
    process.wait()


def add_load(db: Database, now: datetime) -> dict[int, datetime]:
    """Reminders that come due while the kills last, and some that were missed before; returns their first instants.

    Every fourth recurs each minute; the missed ones recur every ten minutes and have each policy.
    """
    rows = [rolling(number, now) for number in range(REMINDERS)] + missed(now)
    with db.write() as conn:
        conn.execute(sa.insert(ai_tasks), rows)
        return {row.id: row.next_run_at for row in conn.execute(sa.select(ai_tasks.c.id, ai_tasks.c.next_run_at))}


def rolling(number: int, now: datetime) -> dict[str, Any]:
    due = now + timedelta(seconds=1 + LOAD_SECONDS * number / REMINDERS)
    if number % 4 == 0:
        return reminder(number, due, "custom", {"interval_minutes": 1})
    if number % 4 == 1:
        return reminder(number, due, "daily", {"hour": due.hour, "minute": due.minute})
    return reminder(number, due, "once", {"run_at": due.isoformat()})


def missed(now: datetime) -> list[dict[str, Any]]:
    due = now - timedelta(hours=2)
    policies = [(policy, lateness) for policy in ("skip", "once", "all") for lateness in (None, 3600)]
    return [
        reminder(number, due, "custom", {"interval_minutes": 10}, missed_policy=policy, max_lateness_seconds=lateness)
        for number, (policy, lateness) in enumerate(policies, REMINDERS)
    ]


def reminder(number: int, due: datetime, kind: str, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    policy: dict[str, Any] = {"missed_policy": "once", "max_lateness_seconds": None, **more}
    return {
        "user_id": OWNER,
        "title": f"Reminder {number}",
        "task_type": "reminder",
        "schedule_type": kind,
        "schedule_config": config,
        "next_run_at": due,
        "status": "active",
        "notification_channels": ["in_app"],
        "zone": "UTC",
        "created_at": due,
        "updated_at": due,
        **policy,
    }


def is_settled(db: Database, planned: dict[int, datetime]) -> bool:
    """Whether everything that was due at first has its row, nothing is open, and everything has been printed."""
    open_jobs = sa.select(jobs.c.id).where(TELLING, jobs.c.finished_at.is_(None)).limit(1)
    overdue = sa.select(ai_tasks.c.id).where(ai_tasks.c.status == "active", ai_tasks.c.next_run_at <= utc_now())
    over = utc_now() > max(planned.values())
    with db.read() as conn:
        left = [conn.execute(open_jobs).first(), conn.execute(overdue.limit(1)).first(), *unshown(conn, OWNER, 1)]
    return over and not any(left)


def check_occurrences(db: Database, planned: dict[int, datetime]) -> None:
    """Every instant from the first to the last that came has exactly one row: it ran, or its policy says why not."""
    with db.read() as conn:
        tasks = conn.execute(sa.select(ai_tasks)).all()
        rows = conn.execute(sa.select(jobs).where(jobs.c.ai_task_id.is_not(None))).all()
    expected = [occurrence for task in tasks for occurrence in instants(task, planned[task.id])]
    assert Counter((row.ai_task_id, row.due_at) for row in rows) == Counter(expected)
    assert {row.state for row in rows} == {"succeeded", "missed"}
    assert all(row.error for row in rows if row.state == "missed")
    assert len(rows) > REMINDERS
    check_policies(tasks, rows)


def check_policies(tasks: Sequence[Any], rows: Sequence[Any]) -> None:
    """Of what was missed before the first start: which instants ran."""
    ran = Counter(row.ai_task_id for row in rows if row.state == "succeeded")
    was_missed = Counter(row.ai_task_id for row in rows if row.state == "missed")
    for task in tasks:
        if task.schedule_config != {"interval_minutes": 10}:
            assert (ran[task.id] >= 1, was_missed[task.id]) == (True, 0)
        elif task.missed_policy == "skip":
            assert ran[task.id] <= 1 and was_missed[task.id] >= 12
        elif task.missed_policy == "once":
            assert ran[task.id] == 1 and was_missed[task.id] >= 12
        elif task.max_lateness_seconds is None:
            assert was_missed[task.id] == 0 and ran[task.id] >= 13
        else:
            assert was_missed[task.id] in (6, 7) and ran[task.id] >= 6


def instants(task: Any, first: datetime) -> list[Due]:
    """The occurrences of an AI task from its first instant to the one before the next planned."""
    if task.schedule_type == "once":
        assert (task.status, task.next_run_at) == ("completed", None)
        return [(task.id, first)]
    rule = parse_schedule(task.schedule_type, task.schedule_config, task.zone)
    found: list[Due] = []
    instant: datetime | None = first
    while instant is not None and instant < task.next_run_at:
        found.append((task.id, instant))
        instant = rule.next_after(instant)
    assert instant == task.next_run_at
    return found


def check_deliveries(db: Database) -> None:
    """Each occurrence that ran was delivered, under a key of its own, once; and so was the summary of the late ones."""
    with db.read() as conn:
        keys = list(conn.execute(sa.select(deliveries.c.key)).scalars())
        ran = list(conn.execute(sa.select(jobs.c.id).where(TELLING, jobs.c.state == "succeeded")).scalars())
        assert conn.execute(sa.select(sa.func.count()).where(jobs.c.task == SUMMARIZE)).scalar_one() >= 1
    assert sorted(keys) == sorted(f"{job}:in_app" for job in ran)
