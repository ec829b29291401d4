"""Looking for jobs among very many, in steps that take a bounded time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from personal_assistant.jobs.model import JobView
from personal_assistant.jobs.queries import INDEXED, job_back, list_jobs

# So many are looked at in one step.
LOOKED_AT = 30_000


@dataclass(frozen=True, slots=True)
class Found:
    """Jobs, and the one before which it goes on: `older` where more were found, `unseen` where more are to be seen."""

    jobs: list[JobView]
    older: str | None = None
    unseen: str | None = None


def search_jobs(
    conn: sa.Connection,
    *,
    user_id: int | None,
    states: Sequence[str] = (),
    before: str | None = None,
    limit: int,
    **wanted: Any,
) -> Found:
    """At most `limit` jobs of one person, or of everybody (None), the newest first. `wanted` is for `list_jobs`.

    It goes back `LOOKED_AT` of the person's jobs, and through all that have not ended or have failed where only those
    are wanted.
    """
    if wanted.get("ai_task_id") is not None:
        back_to = None  # those of one AI task are found by its index
    else:
        back_to = job_back(conn, LOOKED_AT - 1, user_id=user_id, before=before)
    asked = {"user_id": user_id, "states": states, "before": before, "limit": limit + 1, **wanted}
    found = list_jobs(conn, back_to=back_to, **asked)
    if len(found) <= limit and back_to is not None and states and INDEXED.keys() >= set(states):
        found, back_to = list_jobs(conn, rare=True, **asked), None
    if len(found) > limit:
        return Found(found[:limit], older=found[limit - 1].id)
    return Found(found, unseen=back_to)
