"""Jobs: what was done or is to be done, and what can be done about it. An admin sees everybody's, others their own."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.responses import Response

from personal_assistant.api.web.registry import Page
from personal_assistant.api.web.visit import Visit
from personal_assistant.jobs import searching
from personal_assistant.jobs.log_lines import FIRST, LAST
from personal_assistant.jobs.logs import last_lines_of, lines_of, with_gaps
from personal_assistant.jobs.model import OPEN_STATES, JobNotFoundError
from personal_assistant.jobs.queries import errors_of, get_job
from personal_assistant.jobs.replay import REPLAYABLE, replay, replay_many
from personal_assistant.jobs.searching import Found, search_jobs
from personal_assistant.jobs.timeline import timeline
from personal_assistant.people import audit
from personal_assistant.store.tables import JOB_STATES
from personal_assistant.workers.control import cancel_job
from personal_assistant.workers.tasks import load_tasks

MOST_REPLAYED = 500
_SHOWN = 50
# A transaction of so many keeps others from writing for a moment only.
_TOGETHER = 50
_LONGEST_ID = 155
_LONGEST_VALUE = 20_000
# So many of the newest lines stand on the page of a job.
_LAST_LINES = 20
_LINES = FIRST + LAST
_PLACE = re.compile(r"(\d{1,9})-(\d{1,9})")
_BY = "web"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are meant; empty means all, but for upkeep that is over and did not fail, unless that is asked for."""

    state: str
    task: str
    words: str
    upkeep: bool = False

    @classmethod
    def of(cls, fields: Any) -> "Filter":
        """From the address or a form. Raises nothing: what cannot be is left out."""
        state = fields.get("state", "")
        task, words = (fields.get(name, "")[:200].replace("\0", "").strip() for name in ("task", "q"))
        return cls(state if state in JOB_STATES else "", task, words, bool(fields.get("upkeep")))

    @property
    def query(self) -> str:
        """As it stands behind the «?» of an address."""
        return urlencode(
            {"state": self.state, "task": self.task, "q": self.words} | ({"upkeep": 1} if self.upkeep else {})
        )

    def find(self, conn: sa.Connection, user_id: int | None, *, limit: int, before: str | None = None) -> Found:
        """At most so many, the newest first."""
        states = [self.state] if self.state else []
        wanted = {"task": self.task or None, "text": self.words or None}
        upkeep = self.upkeep or bool(self.state or self.task or self.words)
        return search_jobs(conn, user_id=user_id, states=states, before=before, limit=limit, upkeep=upkeep, **wanted)


def listed(visit: Visit) -> Response:
    """The newest first."""
    chosen, before = Filter.of(visit.request.query_params), visit.query("before")
    with visit.runtime.db.read() as conn:
        found = chosen.find(conn, _whose(visit), limit=_SHOWN, before=before if _can_be_id(before) else None)
    return visit.render(
        "jobs.html",
        found=found,
        looked_at=searching.LOOKED_AT,
        chosen=chosen,
        states=JOB_STATES,
        tasks=sorted(load_tasks().own),
        is_first=not before,
    )


def shown(visit: Visit) -> Response:
    """One with its attempts and what happened to it."""
    with visit.runtime.db.read() as conn:
        job = get_job(conn, _job_id(visit), user_id=_whose(visit))
        attempts = errors_of(conn, job.id)
        lines = last_lines_of(conn, job.id, _LAST_LINES + 1)
    return visit.render(
        "job.html",
        job=job,
        lines=with_gaps(lines[-_LAST_LINES:]),
        more_lines=len(lines) > _LAST_LINES,
        attempts=attempts,
        steps=timeline(job, attempts),
        can_cancel=job.state in OPEN_STATES and job.cancel_requested_at is None,
        can_retry=job.state in REPLAYABLE,
        arguments=_as_text([*job.args, job.kwargs] if job.kwargs else job.args) if job.args or job.kwargs else "",
        result=_as_text(job.result) if job.result is not None else "",
    )


def log(visit: Visit) -> Response:
    """What it logged, a page of lines at a time, the earliest first."""
    after = _PLACE.fullmatch(visit.query("after"))
    place = (int(after.group(1)), int(after.group(2))) if after else (0, 0)
    with visit.runtime.db.read() as conn:
        job = get_job(conn, _job_id(visit), user_id=_whose(visit))
        lines = lines_of(conn, job.id, after=place, limit=_LINES + 1)
    last = lines[_LINES - 1] if len(lines) > _LINES else None
    return visit.render(
        "job_log.html", job=job, lines=with_gaps(lines[:_LINES], place), last=last, is_first=place == (0, 0)
    )


def cancel(visit: Visit) -> Response:
    """End it, or ask it to stop where it runs."""
    job = cancel_job(visit.runtime, _job_id(visit), user_id=_whose(visit))
    return visit.go(f"/jobs/{job.id}", "Asked to stop" if job.state == "running" else "Cancelled")


def retry(visit: Visit) -> Response:
    """Queue it again."""
    with visit.runtime.db.write() as conn:
        job = replay(conn, _job_id(visit), visit.now, user_id=_whose(visit))
    return visit.go(f"/jobs/{job.id}", "Queued again")


def ask_replay(visit: Visit) -> Response:
    """Which failed jobs would be queued again; nothing happens yet."""
    chosen = replace(Filter.of(visit.request.query_params), state="failed")
    with visit.runtime.db.read() as conn:
        found = chosen.find(conn, _whose(visit), limit=MOST_REPLAYED)
    return visit.render(
        "replay.html", jobs=found.jobs[:10], count=len(found.jobs), most=MOST_REPLAYED,
        more=found.older is not None, chosen=chosen,
    )  # fmt: skip


def replay_failed(visit: Visit) -> Response:
    """Queue all failed ones that match again, at most `MOST_REPLAYED`. What cannot be queued stops nothing else."""
    chosen = replace(Filter.of(visit.form), state="failed")
    with visit.runtime.db.read() as conn:
        ids = [job.id for job in chosen.find(conn, _whose(visit), limit=MOST_REPLAYED).jobs]
    again = refused = 0
    for start in range(0, len(ids), _TOGETHER):
        with visit.runtime.db.write() as conn:
            some = ids[start : start + _TOGETHER]
            done, left = replay_many(conn, some, visit.now, user_id=_whose(visit))
        again, refused = again + len(done), refused + len(left)
    with visit.runtime.db.write() as conn:
        details = {"count": again, "task": chosen.task, "words": chosen.words}
        audit.note(conn, visit.user_id, "jobs.replayed", "jobs", visit.now, by=_BY, details=details)
    left_over = f"; {refused} could not be" if refused else ""
    return visit.go(f"/jobs?{Filter('', chosen.task, chosen.words).query}", f"Queued again: {again}{left_over}")


def _whose(visit: Visit) -> int | None:
    return None if visit.is_admin else visit.user_id


def _job_id(visit: Visit) -> str:
    """Raises JobNotFoundError for what no id can be: not every database can be asked about it."""
    job_id: str = visit.request.path_params["job_id"]
    if not _can_be_id(job_id):
        raise JobNotFoundError("There is no such job.")
    return job_id


def _can_be_id(job_id: str) -> bool:
    return job_id.isprintable() and job_id.isascii() and 0 < len(job_id) <= _LONGEST_ID


def _as_text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=1, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} …"


PAGES = [
    Page("/jobs", listed, menu="Jobs", order=40),
    Page("/jobs/replay", ask_replay),
    Page("/jobs/replay", replay_failed, methods=("POST",)),
    Page("/jobs/{job_id}", shown),
    Page("/jobs/{job_id}/logs", log),
    Page("/jobs/{job_id}/cancel", cancel, methods=("POST",)),
    Page("/jobs/{job_id}/retry", retry, methods=("POST",)),
]
