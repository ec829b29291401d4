"""Health: what is wrong, how bad it is, and what to do about it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta

import sqlalchemy as sa

from personal_assistant.ai.due import next_due as next_due_ai_task
from personal_assistant.jobs.due import next_due as next_due_job
from personal_assistant.jobs.leases import last_heartbeat
from personal_assistant.jobs.queries import oldest_queued, open_tasks
from personal_assistant.settings import contradictory_settings, unknown_settings
from personal_assistant.store.errors import StoreError
from personal_assistant.store.legacy import NO_INSTANT, state_problem
from personal_assistant.store.people import find_owner
from personal_assistant.store.tables import AI_TASK_STATES, ai_tasks, deliveries, jobs, schedules, users
from personal_assistant.timing.missed import spoken
from personal_assistant.workers.liveness import living
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.setup import zone_contradiction
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.utils.error_handling import describe
from personal_assistant.workers.utils.findings import Finding
from personal_assistant.workers.utils.processes import check_processes
from personal_assistant.workers.utils.queues import check_queues
from personal_assistant.workers.utils.reach import check_reach
from personal_assistant.workers.utils.sealed import check_sealed
from personal_assistant.workers.utils.watching import check_watches

_LAG = timedelta(seconds=15)
_CLOCK_SLACK = timedelta(seconds=90)
_MOST_NAMED = 20


Check = Callable[[Runtime], Iterator[Finding]]


def check_health(runtime: Runtime) -> list[Finding]:
    """The running system: database, scheduler, runner, disk, clock. The worst comes first."""
    return _run(runtime, (_database, check_processes, _lag, _disk, check_clock, check_watches))


def check_setup(runtime: Runtime) -> list[Finding]:
    """What is configured and stored: settings, task modules, what nobody takes, AI tasks that cannot fire."""
    configured: tuple[Check, ...] = (_settings, _database_of_one, _zone, _modules, check_sealed, check_reach)
    stored: tuple[Check, ...] = (_orphans, check_queues, _problems, _inactive_people)
    return _run(runtime, configured + stored)


def _run(runtime: Runtime, checks: tuple[Check, ...]) -> list[Finding]:
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check(runtime)
        except StoreError as error:
            findings.append(Finding("database", "error", str(error), "See the message; nothing works without it."))
            break
        except Exception as error:
            message = f"This check could not be made: {describe(error)}."
            findings.append(
                Finding(
                    check.__name__.removeprefix("check").strip("_"), "error", message, "Mend its cause and check again."
                )
            )
    return sorted(findings, key=lambda finding: ("error", "warning", "ok").index(finding.level))


def _database(runtime: Runtime) -> Iterator[Finding]:
    with runtime.db.write() as conn:
        conn.execute(sa.update(users).where(sa.false()).values(email=users.c.email))
    yield Finding("database", "ok", f"{runtime.db.where} can be read and written.")


def _lag(runtime: Runtime) -> Iterator[Finding]:
    with runtime.db.read() as conn:
        waiting = {
            "an AI task is due": next_due_ai_task(conn),
            "a job is due": next_due_job(conn),
            "a job is queued": oldest_queued(conn, load_tasks().tasks),
        }
    now = runtime.clock.now()
    late = {what: now - since for what, since in waiting.items() if since is not None and now - since > _LAG}
    for what, span in late.items():
        fix = "Give it time if it has just started; else look into the log, or give it more worker threads."
        yield Finding("lag", "warning", f"Since {spoken(span)} {what} and has not been taken.", fix)
    if not late:
        yield Finding("lag", "ok", "Nothing that is due is waiting.")


def _disk(runtime: Runtime) -> Iterator[Finding]:
    free = shutil.disk_usage(runtime.settings.data_dir).free // 1_000_000
    least = runtime.settings.min_free_megabytes
    if free < least:
        fix = "Free some space: without any, nothing can be accepted or finished."
        yield Finding("disk", "error", f"{free} MB are free in {runtime.settings.data_dir}; {least} should be.", fix)
    else:
        yield Finding("disk", "ok", f"{free} MB are free in {runtime.settings.data_dir}.")


def check_clock(runtime: Runtime) -> Iterator[Finding]:
    """Compare the clock with the newest instant on record: a clock that was set back is behind it."""
    # After a proper end there is no heartbeat left; what was done last still says where the clock has been.
    last_job = sa.select(jobs.c.created_at).order_by(jobs.c.id.desc()).limit(1)
    last_delivery = sa.select(deliveries.c.created_at).order_by(deliveries.c.id.desc()).limit(1)
    with runtime.db.read() as conn:
        marks = [last_heartbeat(conn), *(conn.execute(mark).scalar_one_or_none() for mark in (last_job, last_delivery))]
    newest = max((mark for mark in marks if mark is not None), default=None)
    now = runtime.clock.now()
    if newest is not None and newest - now > _CLOCK_SLACK:
        message = f"The system clock is {spoken(newest - now)} behind the last recorded activity."
        fix = (
            "Correct the clock (timedatectl set-ntp true). Until then everything comes that much late; nothing is lost."
        )
        yield Finding("clock", "error", message, fix)
    else:
        yield Finding("clock", "ok", f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC.")


def _settings(runtime: Runtime) -> Iterator[Finding]:
    del runtime
    for name in unknown_settings():
        fix = "Correct its name or remove it; the settings are listed in the README."
        yield Finding("settings", "warning", f"There is no setting like {name}.", fix)
    for contradiction in contradictory_settings():
        fix = "DATABASE_URL is the one that counts: remove ASSISTANT_DATABASE_URL, or make both the same."
        yield Finding("settings", "warning", contradiction, fix)


def _database_of_one(runtime: Runtime) -> Iterator[Finding]:
    """A broker joins processes, and each machine has an SQLite file of its own."""
    if not (runtime.settings.broker_url and runtime.db.is_sqlite):
        return
    with runtime.db.read() as conn:
        several = len(living(runtime, conn)) > 1
    if several:
        message = f"A broker is set, several processes run, and the database is an SQLite file ({runtime.db.where})."
        fix = "Set DATABASE_URL to a PostgreSQL database for all of them; or `assistant up` alone, without a broker."
        yield Finding("settings", "warning", message, fix)


def _zone(runtime: Runtime) -> Iterator[Finding]:
    with runtime.db.read() as conn:
        owner = find_owner(conn)
    if owner is not None and (contradiction := zone_contradiction(runtime.settings, owner)):
        yield Finding("settings", "warning", *contradiction)


def _modules(runtime: Runtime) -> Iterator[Finding]:
    del runtime
    for broken in load_tasks().broken:
        fix = "Update or remove that package; its tasks do not run until then."
        yield Finding("tasks", "error", f"The task module {broken.module} cannot be loaded: {broken.error}.", fix)


def _orphans(runtime: Runtime) -> Iterator[Finding]:
    declared = load_tasks().tasks
    with runtime.db.read() as conn:
        orphans = [group for group in open_tasks(conn) if group.task not in declared]
    for group in orphans:
        message = f"{group.count} open job(s) belong to the task {group.task}, which no installed module declares."
        fix = (
            "They are kept. Install the package that declares it, or declare the new function with "
            f"name={group.task!r}; or cancel them: `assistant jobs cancel --task {group.task}`."
        )
        yield Finding("tasks", "error", message, fix)


def _problems(runtime: Runtime) -> Iterator[Finding]:
    active = ai_tasks.c.status == "active"
    stateless = sa.or_(ai_tasks.c.status.is_(None), ai_tasks.c.status.not_in(AI_TASK_STATES))
    noted = sa.or_(ai_tasks.c.next_run_at.is_(None), ai_tasks.c.problem.is_not(None))
    needed = sa.select(ai_tasks.c.id, ai_tasks.c.title, ai_tasks.c.status, ai_tasks.c.problem).order_by(ai_tasks.c.id)
    broken = sa.select(schedules.c.name, schedules.c.problem).where(schedules.c.problem.is_not(None))
    with runtime.db.read() as conn:
        stuck = conn.execute(needed.where(sa.or_(stateless, sa.and_(active, noted)))).all()
        stopped = conn.execute(broken).all()
    for row in stuck[:_MOST_NAMED]:
        reason = state_problem(row.status) or row.problem or NO_INSTANT
        fix = f'Give it a schedule: `assistant ai-tasks edit {row.id} --when "every day at 9"`; or remove it.'
        yield Finding("ai-tasks", "error", f"AI task {row.id} ({row.title[:60]}) cannot fire. {reason}", fix)
    if len(stuck) > _MOST_NAMED:
        yield Finding("ai-tasks", "error", f"{len(stuck) - _MOST_NAMED} more AI tasks cannot fire.", "See above.")
    for name, problem in stopped:
        fix = f"Mend its cause, then `assistant schedules resume {name}`."
        message = f"The schedule {name} could not run and was paused: {problem}"
        yield Finding("schedules", "error", message, fix)


def _inactive_people(runtime: Runtime) -> Iterator[Finding]:
    closed = (
        sa.select(users.c.id, sa.func.count().label("number"))
        .join(ai_tasks, ai_tasks.c.user_id == users.c.id)
        .where(users.c.is_active.is_(False), ai_tasks.c.status == "active")
        .group_by(users.c.id)
    )
    with runtime.db.read() as conn:
        rows = conn.execute(closed).all()
    for row in rows:
        message = f"Person {row.id} is switched off and has {row.number} active AI task(s)."
        yield Finding("people", "warning", message, "Pause them, or switch the person on again.")
