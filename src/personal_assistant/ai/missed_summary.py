"""What a person is told after a time in which nothing ran: what came late, what was skipped and why, in one message."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.ai.catching_up import CATCHING_UP, lock, until_told
from personal_assistant.jobs.ids import id_before
from personal_assistant.jobs.model import ClaimedJob
from personal_assistant.jobs.outcomes import Outcome, Retry, Succeeded
from personal_assistant.notifications.deliveries import deliver
from personal_assistant.notifications.model import Message
from personal_assistant.store.tables import ai_tasks, jobs, users
from personal_assistant.timing.zones import get_zone

# The machines' clocks, from which ids have their order, may differ by less than this.
_SKEW_SECONDS = 3600.0
_MOST_LINES = 20
# Characters of all lines together: the text ends with what to do, and a stored one is cut at 10,000.
_MOST_TEXT = 9_000

_CAUGHT_UP, _SKIPPED, _FAILED, _UNDER_WAY = "Came late", "Skipped", "Failed", "Still under way"
_SECTION_OF = {"succeeded": _CAUGHT_UP, "missed": _SKIPPED, "failed": _FAILED}
_IN_TITLE = {_CAUGHT_UP: "came late", _SKIPPED: "skipped", _FAILED: "failed", _UNDER_WAY: "still under way"}
_HOW_TO_RUN = "To run a skipped one after all: `assistant jobs list --state missed`, then `assistant jobs retry JOB`."


@dataclass(frozen=True, slots=True)
class Late:
    """A late occurrence, and what has become of it. `error` is why it did not run, or failed."""

    ai_task_id: int
    title: str
    due: datetime
    state: str
    error: str | None

    @property
    def section(self) -> str:
        return _SECTION_OF.get(self.state, _UNDER_WAY)


def summarize(conn: sa.Connection, claimed: Sequence[ClaimedJob], now: datetime, at_once: int) -> list[Outcome]:
    """Write the summaries that these jobs stand for, in the transaction that ends them.

    One whose occurrences have not all started is tried again later.
    """
    lock(conn)
    return [_summarize(conn, job, now, at_once) for job in claimed]


def _summarize(conn: sa.Connection, job: ClaimedJob, now: datetime, at_once: int) -> Outcome:
    late = _late_of(conn, job)
    waiting = sum(it.state == "queued" for it in late)
    if waiting:
        again = now + until_told(waiting, at_once)
        return Retry(again, f"{waiting} late AI tasks are still to start.", "early", counted=False)
    zone = conn.execute(sa.select(users.c.zone).where(users.c.id == job.user_id)).scalar_one_or_none()
    message = message_of(job, late, zone or "UTC")
    if message is not None:
        deliver(conn, [message], now)
    return Succeeded({name: len(found) for name, found in _by_section(late).items()})


def _late_of(conn: sa.Connection, job: ClaimedJob) -> list[Late]:
    """The occurrences that are to be in this job's summary, the earliest due first; those cancelled are left out."""
    chosen = (
        sa.select(jobs.c.ai_task_id, ai_tasks.c.title, jobs.c.due_at, jobs.c.state, jobs.c.error, jobs.c.args)
        .join(ai_tasks, ai_tasks.c.id == jobs.c.ai_task_id)
        .where(
            jobs.c.id >= id_before(job.id, _SKEW_SECONDS),
            jobs.c.concurrency_key == CATCHING_UP,
            jobs.c.user_id == job.user_id,
            jobs.c.state != "cancelled",
        )
        .order_by(jobs.c.due_at, jobs.c.ai_task_id)
    )
    rows = conn.execute(chosen).all()
    return [Late(*row[:5]) for row in rows if row.args[1].get("summary") == job.id]


def message_of(job: ClaimedJob, late: Sequence[Late], zone: str) -> Message | None:
    """The message about these occurrences; None where there is none, or one alone that was not skipped: it is told of
    by its own message.
    """
    if job.user_id is None or not late or (len(late) == 1 and late[0].state != "missed"):
        return None
    message = Message(
        key=job.id,
        user_id=job.user_id,
        kind="alert",
        title=_title(late),
        body=_body(late, zone),
        channels=None,
        job_id=job.id,
        topic="missed",
    )
    if len(late) > 1:
        return message
    [alone] = late
    title = f"⏭️ Missed: {alone.title}"
    return replace(message, title=title, body=alone.error, ai_task_id=alone.ai_task_id, due_at=alone.due)


def _title(late: Sequence[Late]) -> str:
    counts = [f"{len(found)} {_IN_TITLE[section]}" for section, found in _by_section(late).items()]
    return f"⏭️ While nothing was running: {', '.join(counts)}"


def _body(late: Sequence[Late], zone: str) -> str:
    first, last = _clock(late[0].due, zone), _clock(late[-1].due, zone)
    parts = [f"{len(late)} were due from {first} to {last} ({zone}), and nothing was running then."]
    sections = _by_section(late)
    parts += [_section(name, found, zone, _MOST_TEXT // len(sections)) for name, found in sections.items()]
    if any(it.state == "missed" for it in late):
        parts.append(_HOW_TO_RUN)
    return "\n\n".join(parts)


def _by_section(late: Sequence[Late]) -> dict[str, list[Late]]:
    found = {section: [it for it in late if it.section == section] for section in _IN_TITLE}
    return {section: members for section, members in found.items() if members}


def _section(name: str, late: Sequence[Late], zone: str, most_text: int) -> str:
    """One line for each AI task, with the reason of its newest occurrence; as many as fit."""
    by_task: dict[int, list[Late]] = defaultdict(list)
    for it in late:
        by_task[it.ai_task_id].append(it)
    lines = [_line(of_one, zone) for of_one in by_task.values()]
    shown = lines[:_MOST_LINES]
    while sum(map(len, shown)) > most_text:
        shown.pop()
    more = [f"• and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    return "\n".join([f"{name} ({len(late)}):", *shown, *more])


def _line(of_one: Sequence[Late], zone: str) -> str:
    newest = of_one[-1]
    when = _clock(newest.due, zone)
    if len(of_one) > 1:
        when = f"{len(of_one)} times, {_clock(of_one[0].due, zone)} to {when}"
    reason = f": {newest.error[:200]}" if newest.error else ""
    return f"• {newest.title[:100]} ({when}){reason}"


def _clock(instant: datetime, zone: str) -> str:
    return instant.astimezone(get_zone(zone)).strftime("%a %d %b %H:%M")
