"""The registry of schedulers: whatever turns a point in time into queued jobs."""

from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from personal_assistant.workers.runtime import Runtime


class Scheduler(Protocol):
    """One source of due work. Any number of processes may run the same one at once."""

    name: str

    def dispatch(self, now: datetime) -> int:
        """Queue what is due, in one transaction of bounded size; returns how many items were dealt with.

        Zero means that nothing could be had, because another process has it in hand.
        """
        ...

    def next_due(self, conn: sa.Connection) -> datetime | None:
        """When there is something to do next; None when nothing is planned."""
        ...


def all_schedulers(runtime: Runtime) -> list[Scheduler]:
    """Every scheduler, in the order of their urgency."""
    from personal_assistant.workers.schedulers.ai_scheduler import AIScheduler
    from personal_assistant.workers.schedulers.held_scheduler import HeldScheduler
    from personal_assistant.workers.schedulers.job_scheduler import JobScheduler
    from personal_assistant.workers.schedulers.limit_scheduler import LimitScheduler
    from personal_assistant.workers.schedulers.reminder_scheduler import ReminderScheduler
    from personal_assistant.workers.schedulers.rescue_scheduler import RescueScheduler
    from personal_assistant.workers.schedulers.system_scheduler import SystemScheduler
    from personal_assistant.workers.schedulers.watch_scheduler import WatchScheduler

    kinds = (
        AIScheduler,
        JobScheduler,
        ReminderScheduler,
        LimitScheduler,
        SystemScheduler,
        HeldScheduler,
        RescueScheduler,
        WatchScheduler,
    )
    return [kind(runtime) for kind in kinds]


def broker_schedulers(runtime: Runtime) -> list[Scheduler]:
    """What a scheduling process does for workers behind a broker."""
    from personal_assistant.workers.schedulers.publish_scheduler import PublishScheduler
    from personal_assistant.workers.schedulers.sweep_scheduler import FirstSweep, SweepScheduler

    return [PublishScheduler(runtime), FirstSweep(runtime), SweepScheduler(runtime)]
