"""What heartbeat URLs are to be told: that the occurrences of a watched thing began, succeeded or failed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa

from personal_assistant.jobs.masking import masked
from personal_assistant.notifications.model import Refused, TryLater, Unknown
from personal_assistant.notifications.net.pause import retry_after
from personal_assistant.notifications.net.requesting import request
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.notifications.watches import INSTANCE, NOTHING_TOLD, Watch, WatchError, name_of
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import ai_tasks, jobs, schedules, watches
from personal_assistant.timing.missed import spoken

Signal = Literal["start", "success", "fail"]

# Of one watch, so many occurrences are looked at: the newest ones.
_NEWEST = 20
# So many that were passed by before they had ended are remembered, the newest ones.
_MOST_OPEN = 3
_MOST_BYTES = 1000
# What was told last of a job that has not come to its end.
_BEGUN, _FAILED = "+", "-"


@dataclass(frozen=True, slots=True)
class Step:
    """One signal to be sent, if any, and the mark under which it then counts as sent; none where nothing is counted."""

    signal: Signal | None
    text: str
    mark: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """All that one heartbeat URL is to be told, in order."""

    watch_id: int
    sealed: str = field(repr=False)
    failing: bool
    steps: Sequence[Step]


def find_reports(conn: sa.Connection) -> list[Report]:
    """What is to be told outward of AI tasks and schedules; those whose URL worked last come first."""
    name = sa.func.coalesce(ai_tasks.c.title, schedules.c.name).label("name")
    told = sa.select(watches, name).select_from(watches.outerjoin(ai_tasks).outerjoin(schedules))
    thing = sa.or_(watches.c.ai_task_id.is_not(None), watches.c.schedule_id.is_not(None))
    reports = []
    for watch in conn.execute(told.where(thing, watches.c.sealed.is_not(None)).order_by(watches.c.id)).all():
        steps = _steps(conn, watch)
        if steps:
            reports.append(Report(watch.id, watch.sealed, watch.ping_error is not None, steps))
    return sorted(reports, key=lambda it: it.failing)


def find_instance_reports(conn: sa.Connection, problem: str | None) -> list[Report]:
    """How the instance is, for the heartbeat URLs of the watches over it. `problem` is None while it is well."""
    signal: Signal = "fail" if problem else "success"
    step = Step(signal, f"{INSTANCE}: {masked(problem) if problem else 'is well'}", None)
    ours = sa.and_(watches.c.ai_task_id.is_(None), watches.c.schedule_id.is_(None), watches.c.sealed.is_not(None))
    return [Report(row.id, row.sealed, False, [step]) for row in conn.execute(sa.select(watches).where(ours))]


def _steps(conn: sa.Connection, watch: Any) -> list[Step]:
    newest, open_ = _read_mark(watch.reported)
    begun_with = _mark(newest, open_)
    steps: list[Step] = []
    for job in _occurrences(conn, watch, open_):
        if job.id <= newest and job.id not in open_:
            continue
        signals, left = _news(job, open_.pop(job.id, ""))
        newest = max(newest, job.id)
        for signal in signals[:-1]:
            # Not told to its end: a process that is killed between the two goes on with the second.
            steps.append(Step(signal, _text(name_of(watch), signal, job), _mark(newest, {**open_, job.id: _BEGUN})))
        if left is not None:
            open_[job.id] = left
        if signals:
            steps.append(Step(signals[-1], _text(name_of(watch), signals[-1], job), _mark(newest, open_)))
    if _mark(newest, open_) != (steps[-1].mark if steps else begun_with):
        steps.append(Step(None, "", _mark(newest, open_)))
    return steps


def _news(job: Any, told: str) -> tuple[list[Signal], str | None]:
    """What is to be told of a job, and what then was told last; None once there is nothing more to come."""
    began: list[Signal] = [] if told == _BEGUN else ["start"]
    match job.state:
        case "succeeded":
            return [*began, "success"], None
        case "failed":
            # It may be retried by its person.
            return ([] if told == _FAILED else [*began, "fail"]), _FAILED
        case "running":
            return began, _BEGUN
        case "cancelled":
            return (["fail"] if told == _BEGUN else []), None
        case "missed":
            return [], None
    return [], told


def _occurrences(conn: sa.Connection, watch: Any, open_: dict[str, str]) -> list[Any]:
    its = jobs.c.schedule_id == watch.schedule_id if watch.ai_task_id is None else jobs.c.ai_task_id == watch.ai_task_id
    columns = (jobs.c.id, jobs.c.state, jobs.c.due_at, jobs.c.started_at, jobs.c.finished_at, jobs.c.error)
    found = {
        row.id: row
        for row in conn.execute(sa.select(*columns).where(its).order_by(jobs.c.due_at.desc()).limit(_NEWEST))
    }
    if missing := open_.keys() - found.keys():
        found |= {row.id: row for row in conn.execute(sa.select(*columns).where(among(conn, jobs.c.id, missing)))}
        for job_id in missing - found.keys():
            del open_[job_id]  # it is no longer in the history
    return sorted(found.values(), key=lambda job: job.id)


def _read_mark(reported: str | None) -> tuple[str, dict[str, str]]:
    """The newest job that was looked at, and those up to it that have not come to their end: id to what was told."""
    newest, *rest = (reported or NOTHING_TOLD).split("|")
    return newest, {it.rstrip(_BEGUN + _FAILED): it[-1] if it[-1] in (_BEGUN, _FAILED) else "" for it in rest}


def _mark(newest: str, open_: dict[str, str]) -> str:
    kept = sorted(open_)[-_MOST_OPEN:]
    return "|".join([newest, *(f"{job_id}{open_[job_id]}" for job_id in kept)])


def _text(name: str, signal: Signal, job: Any) -> str:
    took = f" after {spoken(job.finished_at - job.started_at)}" if job.finished_at and job.started_at else ""
    due = f"due {job.due_at:%Y-%m-%d %H:%M:%S} UTC"
    match signal:
        case "start":
            return f"{name}: began ({due})"
        case "success":
            return f"{name}: succeeded{took} ({due})"
    what = "was cancelled" if job.state == "cancelled" else f"failed{took}"
    return f"{name}: {what} ({due})" + (f"\n{masked(job.error)}" if job.error and job.state == "failed" else "")


async def send_heartbeat(url: str, signal: Signal, text: str, config: SendingConfig) -> None:
    """Send a signal, with at most 1 kB of text.

    Raises Refused, TryLater or Unknown when it was not taken, or may not have been.
    """
    body = text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore").encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "User-Agent": "personal-assistant",
        "Accept-Encoding": "identity",
    }
    reply = await request("POST", signal_url(url, signal), config, headers=headers, body=body)
    if 200 <= reply.status < 300:
        return
    said = f"it answered {reply.status}" + (f": {masked(reply.text)}" if reply.text else "")
    if reply.status in (408, 409, 425, 429) or reply.status >= 500:
        raise TryLater(said, retry_after=retry_after(reply.headers.get("Retry-After")))
    raise Refused(said)


def sealed_of(conn: sa.Connection, watch: Watch) -> str:
    """The sealed heartbeat URL of a watch. Raises WatchError where it has none."""
    sealed: str | None = conn.execute(sa.select(watches.c.sealed).where(watches.c.id == watch.id)).scalar_one_or_none()
    if sealed is None:
        raise WatchError(f"Watch {watch.id} has no heartbeat URL: `assistant watches edit {watch.id} --url -`.")
    return sealed


def try_heartbeat(watch: Watch, url: str, config: SendingConfig) -> str | None:
    """Tell the heartbeat URL of a watch a success now; returns why it was not taken."""
    try:
        asyncio.run(send_heartbeat(url, "success", f"{watch.name}: a test", config))
    except (Refused, TryLater, Unknown) as error:
        return masked(str(error))
    return None


def signal_url(url: str, signal: Signal) -> str:
    """Where a signal goes, as Healthchecks has it: the URL itself or, before its query, with /start or /fail."""
    parts = urlsplit(url)
    path = parts.path if signal == "success" else parts.path.rstrip("/") + f"/{signal}"
    return parts._replace(path=path, fragment="").geturl()


def note_sent(conn: sa.Connection, report: Report, step: Step, now: datetime) -> None:
    """A step is done. Nothing is written where the watch has another URL meanwhile."""
    values: dict[str, Any] = {} if step.mark is None else {"reported": step.mark}
    if step.signal is not None:
        values |= {"pinged_at": now, "ping_error": None}
    _note(conn, report, **values)


def note_not_sent(conn: sa.Connection, report: Report, error: str) -> None:
    """A step could not be done."""
    _note(conn, report, ping_error=error)


def _note(conn: sa.Connection, report: Report, **values: Any) -> None:
    same = sa.and_(watches.c.id == report.watch_id, watches.c.sealed == report.sealed)
    conn.execute(sa.update(watches).where(same).values(values))
