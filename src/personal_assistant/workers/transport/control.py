"""Celery's remote control, where it is about single tasks: to revoke one is to cancel its job in the ledger."""

import contextlib
from typing import Any

from celery.app.control import Control
from celery.utils.functional import maybe_list

from personal_assistant.jobs.model import JobNotFoundError, JobStateError
from personal_assistant.workers.control import cancel_job
from personal_assistant.workers.runtime import runtime


class LedgerControl(Control):
    """What `app.control` is, and what `AsyncResult.revoke` calls."""

    def revoke(self, task_id: Any, *ignored: Any, **options: Any) -> None:
        """Cancel the job of this id, or those of a list of ids; ids without a job that is open change nothing.

        It works without a broker: workers look into the ledger. A job that runs is asked to stop, with or without
        `terminate`. Raises StoreError.
        """
        del ignored, options
        for job_id in maybe_list(task_id) or ():
            with contextlib.suppress(JobNotFoundError, JobStateError):
                cancel_job(runtime(), str(job_id))
