"""Celery's result look-ups, answered from the ledger."""

from typing import Any

from celery import states
from celery.backends.base import BaseBackend
from celery.exceptions import TaskRevokedError

from personal_assistant.errors import AssistantError
from personal_assistant.jobs.model import JobNotFoundError, JobView
from personal_assistant.jobs.queries import get_job
from personal_assistant.workers.runtime import runtime

_STATES = {
    "queued": states.PENDING,
    "waiting": states.PENDING,
    "running": states.STARTED,
    "succeeded": states.SUCCESS,
    "failed": states.FAILURE,
    "cancelled": states.REVOKED,
    "missed": states.REVOKED,
}


class JobFailedError(AssistantError):
    """What `AsyncResult.get` raises for a failed job: its error as a sentence."""


class LedgerBackend(BaseBackend):
    """Reads jobs; stores nothing, because the runner has written how they ended already."""

    def store_result(self, task_id: str, result: Any, *state: Any, **options: Any) -> Any:
        """Nothing: Celery wants to store that a message failed, and the ledger says what became of its job."""
        del task_id, state, options
        return result

    def get_task_meta(self, task_id: str, cache: bool = True) -> dict[str, Any]:
        """State, result and traceback as Celery keeps them; an unknown id is pending, as everywhere in Celery."""
        del cache
        try:
            with runtime().db.read() as conn:
                job = get_job(conn, task_id)
        except JobNotFoundError:
            return {"task_id": task_id, "status": states.PENDING, "result": None}
        return {"task_id": task_id, "status": _state(job), "result": _result(job), "date_done": job.finished_at}


def _state(job: JobView) -> str:
    if job.state == "scheduled":
        return states.RETRY if job.attempt else states.PENDING
    return _STATES[job.state]


def _result(job: JobView) -> Any:
    match job.state:
        case "succeeded":
            return job.result
        case "failed":
            return JobFailedError(job.error or "It failed.")
        case "cancelled" | "missed":
            return TaskRevokedError(job.error or f"The job was {job.state}.")
    return None
