"""AITaskManager: everything that can be done with AI tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai import formatting, rows
from personal_assistant.ai.due import ATTEMPTS
from personal_assistant.ai.extras import Extras, find_extras, write_extras
from personal_assistant.ai.inserting import columns_of, insert
from personal_assistant.ai.model import EXECUTE, QUEUE, SELECTED, AITask, AITaskError, ai_task_of
from personal_assistant.ai.validation import Draft, check_fields, check_schedule
from personal_assistant.errors import AssistantError
from personal_assistant.jobs.cancel import cancel_occurrences, forget_left_out
from personal_assistant.jobs.enqueue import enqueue
from personal_assistant.jobs.model import JobView, NewJob
from personal_assistant.jobs.queries import list_jobs
from personal_assistant.jobs.replay import REPLAYABLE, replay
from personal_assistant.notifications import threads
from personal_assistant.notifications.channels import not_set_up
from personal_assistant.store.database import Database
from personal_assistant.store.people import get_person
from personal_assistant.store.tables import ai_tasks, reminders
from personal_assistant.timing.clock import Clock, SystemClock
from personal_assistant.timing.recurrence import ScheduleError, parse_schedule
from personal_assistant.timing.zones import UnknownZoneError

_SCHEDULE_FIELDS = {"schedule_type", "schedule_config", "zone"}
_EDITABLE = {
    *_SCHEDULE_FIELDS,
    "title",
    "description",
    "task_type",
    "ai_context",
    "notification_channels",
    "missed_policy",
    "max_lateness_seconds",
}


class AITaskManager:
    """Creates, finds and changes AI tasks. Each method is one transaction; each checks whose the task is.

    Methods that take words raise AITaskError with the reason and a nearby reading when they are not understood.
    """

    def __init__(self, db: Database, clock: Clock | None = None) -> None:
        self._db = db
        self._clock = clock or SystemClock()

    # Creating

    def create_task(
        self,
        user_id: int,
        title: str,
        schedule_type: str,
        schedule_config: Mapping[str, Any] | None = None,
        *,
        description: str | None = None,
        task_type: str = "reminder",
        ai_context: str | None = None,
        notification_channels: Sequence[str] | None = None,
        zone: str | None = None,
        missed_policy: str = "once",
        max_lateness_seconds: int | None = None,
        extras: Mapping[str, Any] | None = None,
    ) -> AITask:
        """Schedule something. `zone` is the person's own unless given. `extras` are fields of Extras, and
        `escalate_to`: an address or a person by name.

        Raises AITaskError for what cannot be scheduled, PersonNotFoundError for an unknown person.
        """
        with self._db.write() as conn:
            person = get_person(conn, user_id)
            draft = Draft(
                title=title,
                schedule_type=schedule_type,
                schedule_config=schedule_config,
                zone=zone or person.zone,
                description=description,
                task_type=task_type,
                ai_context=ai_context,
                notification_channels=notification_channels or (),
                missed_policy=missed_policy,
                max_lateness_seconds=max_lateness_seconds,
            )
            now = self._clock.now()
            task = insert(conn, person.id, columns_of(draft, now), now)
            write_extras(conn, task.id, person.id, extras or {}, now)
            return task

    def create_from_words(
        self, user_id: int, words: str, *, when: str | None = None, zone: str | None = None, **options: Any
    ) -> AITask:
        """Schedule from a sentence («call mom tomorrow at 9am»), or from a title and a separate time text (`when`).

        `options` are those of `create_task`.
        """
        with self._db.read() as conn:
            zone = zone or get_person(conn, user_id).zone
        if when is None:
            from personal_assistant.ai.words_to_schedule import of_sentence

            title, schedule = of_sentence(words, self._clock.now(), zone)
        else:
            title, schedule = words, self.schedule_from_words(when, zone)
        return self.create_task(user_id, title, **schedule, **options)

    def schedule_from_words(self, when: str, zone: str) -> dict[str, Any]:
        """The `schedule_type`, `schedule_config` and `zone` that a time in words means."""
        # Here: a scheduler knows the tasks and hears no words, and starts the sooner without their grammar.
        from personal_assistant.ai.words_to_schedule import of_time

        return of_time(when, self._clock.now(), zone)

    def create_periodic_task(
        self,
        user_id: int,
        title: str,
        schedule_type: str,
        schedule_config: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AITask:
        """Schedule recurring work for the agent. `options` are those of `create_task`."""
        return self.create_task(user_id, title, schedule_type, schedule_config, task_type="periodic_task", **options)

    def create_reminder_with_validation(
        self,
        user_id: int,
        title: str,
        remind_at: str,
        description: str | None = None,
        notification_channels: Sequence[str] | None = None,
    ) -> str:
        """Schedule a reminder at a time in words; returns an answer for the person, for a refusal too («❌ …»)."""
        try:
            task = self.create_from_words(
                user_id, title, when=remind_at, description=description, notification_channels=notification_channels
            )
        except AssistantError as error:
            return f"❌ {error}"
        return formatting.created(task, self._clock.now(), not_set_up=self.channels_not_set_up(task))

    # Finding

    def get_task(self, task_id: int, user_id: int | None = None) -> AITask:
        """One AI task; with `user_id` only that person's. Raises AITaskNotFoundError."""
        with self._db.read() as conn:
            return rows.find(conn, task_id, user_id)

    def extras_of(self, task_id: int) -> Extras:
        """What an AI task has beyond its time and its text."""
        with self._db.read() as conn:
            return find_extras(conn, [task_id]).get(task_id, Extras())

    def channels_not_set_up(self, task: AITask) -> tuple[str, ...]:
        """The channels it asks for over which its person cannot be reached."""
        with self._db.read() as conn:
            return not_set_up(conn, task.user_id, task.notification_channels)

    def get_due_tasks(self, limit: int = 100) -> list[AITask]:
        """Active AI tasks whose instant has come, the most overdue first."""
        due = SELECTED.where(ai_tasks.c.status == "active", ai_tasks.c.next_run_at <= self._clock.now())
        with self._db.read() as conn:
            found = conn.execute(due.order_by(ai_tasks.c.next_run_at).limit(limit)).mappings()
            return [ai_task_of(row) for row in found]

    def get_user_tasks(self, user_id: int, status: str | None = None, limit: int = 100) -> list[AITask]:
        """A person's AI tasks: those with a next instant first, by that instant."""
        mine = SELECTED.where(ai_tasks.c.user_id == user_id)
        if status is not None:
            rows.check_state(status)
            mine = mine.where(ai_tasks.c.status == status)
        ordered = mine.order_by(ai_tasks.c.next_run_at.is_(None), ai_tasks.c.next_run_at, ai_tasks.c.id.desc())
        with self._db.read() as conn:
            return [ai_task_of(row) for row in conn.execute(ordered.limit(limit)).mappings()]

    def calculate_next_run(
        self,
        schedule_type: str,
        schedule_config: Mapping[str, Any] | None = None,
        *,
        zone: str = "UTC",
        after: datetime | None = None,
    ) -> datetime | None:
        """The first instant of a schedule after another one (now, unless given; naive means UTC); None when over."""
        try:
            schedule = parse_schedule(schedule_type, schedule_config, zone)
        except (ScheduleError, UnknownZoneError) as error:
            raise AITaskError(str(error)) from error
        return schedule.next_after(rows.aware(after) or self._clock.now())

    # Changing

    def update_task(
        self,
        task_id: int,
        user_id: int | None = None,
        *,
        if_revision: int | None = None,
        extras: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> AITask:
        """Change some fields. A changed schedule plans anew, and cancels what the old one still had open.

        A new `schedule_type` without a `schedule_config` means that type's defaults. Of the `extras` those that are
        named are changed; None stands for the default. Raises AITaskChangedError where `if_revision` is given and is
        not its revision any more.
        """
        unknown = changes.keys() - _EDITABLE
        if unknown:
            raise AITaskError(f"{', '.join(sorted(unknown))} cannot be changed; {', '.join(sorted(_EDITABLE))} can.")
        now = self._clock.now()
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id, lock=True)
            rows.check_revision(task, if_revision)
            if "schedule_type" in changes:
                changes = {"schedule_config": None, **changes}
            draft = Draft(**{name: getattr(task, name) for name in Draft.__dataclass_fields__} | changes)
            values = check_fields(draft, changes)
            if not _SCHEDULE_FIELDS.isdisjoint(changes):
                plan = check_schedule(draft, now)
                paused = task.status == "paused"
                cancel_occurrences(conn, task_id, now)
                forget_left_out(conn, task_id, now)
                values |= plan.columns | {"problem": None, "status": "paused" if paused else "active"}
                values |= {"next_run_at": None if paused else plan.first}
            write_extras(conn, task_id, task.user_id, extras or {}, now)
            return rows.change(conn, task_id, now, revision=ai_tasks.c.revision + 1, **values)

    def update_task_status(
        self,
        task_id: int,
        status: str,
        *,
        last_run_at: datetime | None = None,
        next_run_at: datetime | None = None,
        user_id: int | None = None,
    ) -> AITask:
        """Set the state. Leaving `active` cancels what is open; entering it plans the next occurrence after now,
        unless `next_run_at` says when. A naive instant means UTC.
        """
        rows.check_state(status)
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id, lock=True)
            ran = {} if last_run_at is None else {"last_run_at": rows.aware(last_run_at)}
            return self._set_state(conn, task, status, next_run_at=rows.aware(next_run_at), **ran)

    def pause_task(self, task_id: int, user_id: int | None = None, *, until: datetime | None = None) -> AITask:
        """Let nothing of it happen until it is resumed, or `until` an instant (aware); what runs comes to its end.

        Raises AITaskError where nothing would be left to happen from then on.
        """
        now = self._clock.now()
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id, lock=True)
            if task.status != "active" and not (task.status == "paused" and until is not None):
                raise AITaskError(f"AI task {task_id} is {task.status}, not active, so there is nothing to pause.")
            if until is not None and until <= now:
                raise AITaskError("It can be paused until a time to come.")
            if until is not None:
                rows.planned(conn, task, until)
            paused = self._set_state(conn, task, "paused")
            if until is not None:
                write_extras(conn, task_id, task.user_id, {}, now, resume_at=until)
            return paused

    def resume_task(self, task_id: int, user_id: int | None = None) -> AITask:
        """Go on with the next occurrence after now. Raises AITaskError when there is none."""
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id, lock=True)
            if task.status == "active" and task.next_run_at is not None:
                raise AITaskError(f"AI task {task_id} is active already.")
            return self._set_state(conn, task, "active")

    def cancel_task(self, task_id: int, user_id: int | None = None) -> AITask:
        """Let it not happen again, and keep it in the list. Raises AITaskError for one that is over."""
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id, lock=True)
            if task.status not in ("active", "paused", "processing"):
                raise AITaskError(f"AI task {task_id} is {task.status} already, so there is nothing to cancel.")
            return self._set_state(conn, task, "cancelled")

    def run_now(self, task_id: int, user_id: int | None = None) -> str:
        """Run it once, now, beside its schedule; returns the job's id."""
        now = self._clock.now()
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id)
            job = NewJob(
                EXECUTE,
                QUEUE,
                args=(task.id,),
                max_attempts=ATTEMPTS,
                user_id=task.user_id,
                ai_task_id=task.id,
                due_at=now,
            )
            return enqueue(conn, job, now=now)

    def retry_task(self, task_id: int, user_id: int | None = None) -> JobView:
        """Run the newest of its occurrences that did not succeed again. Raises AITaskError when there is none."""
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id)
            unsuccessful = list_jobs(conn, states=REPLAYABLE, ai_task_id=task.id, limit=1)
            if not unsuccessful:
                raise AITaskError(f"AI task {task_id} has no occurrence that failed, was cancelled or was missed.")
            return replay(conn, unsuccessful[0].id, self._clock.now())

    def delete_task(self, task_id: int, user_id: int | None = None, *, if_revision: int | None = None) -> AITask:
        """Remove it and cancel what it has open; its history stays in the ledger. Returns what was removed.

        Raises AITaskChangedError where `if_revision` is given and is not its revision any more.
        """
        with self._db.write() as conn:
            task = rows.find(conn, task_id, user_id, lock=True)
            rows.check_revision(task, if_revision)
            cancel_occurrences(conn, task_id, self._clock.now())
            threads.stop(conn, [task_id])
            conn.execute(sa.delete(ai_tasks).where(ai_tasks.c.id == task_id))
            return task

    # Shared

    def _set_state(
        self, conn: sa.Connection, task: AITask, status: str, *, next_run_at: datetime | None = None, **values: Any
    ) -> AITask:
        now = self._clock.now()
        if status == "active":
            values |= {"next_run_at": next_run_at or rows.planned(conn, task, now), "problem": None}
        else:
            values |= {"next_run_at": next_run_at}
        if status not in ("active", "processing"):
            cancel_occurrences(conn, task.id, now)
            threads.stop(conn, [task.id])
        conn.execute(sa.update(reminders).where(reminders.c.ai_task_id == task.id).values(resume_at=None))
        return rows.change(conn, task.id, now, status=status, **values)
