"""The ledger: every piece of work, from the moment it is accepted to the end of its history."""

from personal_assistant.jobs.cancel import cancel
from personal_assistant.jobs.context import JobCancelled, JobContext, JobParked, current_job
from personal_assistant.jobs.enqueue import enqueue, enqueue_many
from personal_assistant.jobs.model import InvalidJobError, JobError, JobNotFoundError, JobView, NewJob
from personal_assistant.jobs.outcomes import Cancelled, Failed, Outcome, Retry, Succeeded, Waiting
from personal_assistant.jobs.replay import replay

__all__ = [
    "Cancelled",
    "Failed",
    "InvalidJobError",
    "JobCancelled",
    "JobContext",
    "JobError",
    "JobNotFoundError",
    "JobParked",
    "JobView",
    "NewJob",
    "Outcome",
    "Retry",
    "Succeeded",
    "Waiting",
    "cancel",
    "current_job",
    "enqueue",
    "enqueue_many",
    "replay",
]
