"""`assistant ai-tasks`: what is scheduled."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from personal_assistant.cli import lists
from personal_assistant.cli.extras import (
    Before,
    EscalateAfter,
    EscalateTo,
    ExpireAfter,
    Files,
    Note,
    Priority,
    Repeat,
    RepeatLimit,
    Tags,
    Wished,
    described,
)
from personal_assistant.cli.output import Json, command_name, group, id_parser, print_json, say, table
from personal_assistant.cli.when import Cron, Except, RRule, Start, When, Words

app = group("Reminders and other AI tasks.")
lists.add_to(app)

Id = Annotated[
    int,
    typer.Argument(metavar="ID", help="The AI task's id.", parser=id_parser("AI task", "ai-tasks list", 2**31 - 1)),
]


def with_manager() -> tuple[Any, Any]:
    """The session, here or on another machine, and what manages AI tasks there."""
    from personal_assistant.cli.remote import remote

    there = remote()
    if there is not None:
        return there, there.ai_tasks
    from personal_assistant.ai import AITaskManager
    from personal_assistant.cli.session import session

    current = session()
    return current, AITaskManager(current.runtime.db, current.runtime.clock)


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="active, processing, paused, completed, failed, cancelled, missed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """Your AI tasks, the next due first."""
    from personal_assistant.ai.formatting import sign

    current, manager = with_manager()
    tasks = manager.get_user_tasks(current.owner.id, state, limit)
    if as_json:
        print_json(tasks)
        return
    rows = [
        (
            str(task.id),
            f"{sign(task.status)} {task.status}",
            current.local(task.next_run_at),
            task.title,
            rule_of(task, home=current.owner.zone),
        )
        for task in tasks
    ]
    empty = f'Nothing is scheduled. Try: {command_name()} remind "stretch in 10 minutes"'
    if state is not None:
        empty = f"No AI task is {state}."
    table(("id", "state", "next", "title", "when"), rows, empty=empty)


def rule_of(task: Any, home: str | None = None) -> str:
    """Its schedule in words, or why it cannot fire; with its zone where that is not the `home` zone."""
    try:
        words = str(task.schedule.describe())
    except ValueError as error:
        return f"cannot fire: {error}"
    return words if home in (None, task.zone) else f"{words} ({task.zone})"


@app.command()
def show(task_id: Id, as_json: Json = False) -> None:
    """One AI task: its schedule, what comes next, and what has happened."""
    from personal_assistant.ai.formatting import ahead, sign

    current, manager = with_manager()
    task = manager.get_task(task_id, current.owner.id)
    extras = manager.extras_of(task_id)
    history = _history(current, task_id)
    if as_json:
        print_json({"ai_task": task, "extras": extras, "next": task.upcoming(), "occurrences": history})
        return
    say(f"{sign(task.status)} {task.title} (id {task.id}, {task.status}, {task.task_type})")
    if task.description:
        say("   " + task.description.replace("\n", "\n   "))
    say(f"🔁 {rule_of(task)}; if missed: {task.missed_policy}; by {_channels(task)}")
    for line in [*described(extras), *ahead(task, current.runtime.clock.now())]:
        say(line)
    if extras.resume_at:
        say(f"⏸️ paused until {current.local(extras.resume_at)}")
    if task.problem:
        say(f"❌ {task.problem}")
    rows = [(current.local(job.due_at), job.state, _late(job), job.error or "", job.id) for job in history]
    table(("due", "state", "late", "why", "job"), rows, empty="It has not been due yet.")


def _history(current: Any, task_id: int) -> Any:
    from personal_assistant.cli.remote import remote
    from personal_assistant.jobs.queries import list_jobs

    there = remote()
    if there is not None:
        return there.jobs(ai_task_id=task_id, limit=20)
    with current.runtime.db.read() as conn:
        return list_jobs(conn, ai_task_id=task_id, limit=20)


def _late(job: Any) -> str:
    from personal_assistant.timing.missed import spoken

    if job.started_at is None or job.due_at is None:
        return ""
    late = job.started_at - job.due_at
    return f"{late.total_seconds() * 1000:.0f} ms" if late.total_seconds() < 1 else spoken(late)


def _channels(task: Any) -> str:
    return ", ".join(task.notification_channels) or "your own order of channels"


@app.command()
def add(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is about.")],
    when: Words = None,
    cron: Cron = None,
    rrule: RRule = None,
    start: Start = None,
    except_: Except = None,
    type_: Annotated[str, typer.Option("--type", help="reminder, automated_task or periodic_task.")] = "reminder",
    context: Annotated[str | None, typer.Option(help="What the agent should know.")] = None,
    description: Annotated[str | None, typer.Option(help="A longer text.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Where it should come; repeatable.")] = None,
    zone: Annotated[str | None, typer.Option(help="The IANA zone of its times.")] = None,
    missed: Annotated[str, typer.Option(help="skip, once or all.")] = "once",
    max_late: Annotated[int | None, typer.Option(help="The greatest lateness, in seconds.")] = None,
    priority: Priority = None,
    tag: Tags = None,
    note: Note = None,
    attach: Files = None,
    before: Before = None,
    repeat: Repeat = None,
    repeat_limit: RepeatLimit = None,
    escalate_after: EscalateAfter = None,
    escalate_to: EscalateTo = None,
    expire_after: ExpireAfter = None,
    as_json: Json = False,
) -> None:
    """Schedule an AI task of any type."""
    current, manager = with_manager()
    given = When(when, cron, rrule, start, except_)
    wished = Wished(
        priority, tag, note, attach, repeat, repeat_limit, escalate_after, escalate_to, before, expire_after
    )
    task = manager.create_task(
        current.owner.id,
        title,
        **given.schedule(manager, current.runtime.clock.now(), zone or current.owner.zone),
        task_type=type_,
        ai_context=context,
        description=description,
        notification_channels=channel,
        missed_policy=missed,
        max_lateness_seconds=max_late,
        extras=wished.given(),
    )
    answer_created(current, task, as_json)


def answer_created(current: Any, task: Any, as_json: bool, word: str = "Scheduled") -> None:
    """Say what an AI task will do now, and when."""
    from personal_assistant.ai.formatting import created

    manager = with_manager()[1]
    extras = manager.extras_of(task.id)
    document = {"ai_task": task, "extras": extras, "understood": rule_of(task), "next": task.upcoming()}
    answer = created(task, current.runtime.clock.now(), word, not_set_up=manager.channels_not_set_up(task))
    current.answer(as_json, document, "\n".join([answer, *described(extras)]))


@app.command()
def edit(
    task_id: Id,
    title: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    when: Words = None,
    cron: Cron = None,
    rrule: RRule = None,
    start: Start = None,
    except_: Except = None,
    type_: Annotated[str | None, typer.Option("--type", help="reminder, automated_task or periodic_task.")] = None,
    context: Annotated[str | None, typer.Option(help="What the agent should know.")] = None,
    description: Annotated[str | None, typer.Option(help='A longer text; "" for none.')] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Where it should come; repeatable.")] = None,
    zone: Annotated[str | None, typer.Option(help="The IANA zone of its times.")] = None,
    missed: Annotated[str | None, typer.Option(help="skip, once or all.")] = None,
    max_late: Annotated[int | None, typer.Option(help="The greatest lateness, in seconds.")] = None,
    priority: Priority = None,
    tag: Tags = None,
    note: Note = None,
    attach: Files = None,
    before: Before = None,
    repeat: Repeat = None,
    repeat_limit: RepeatLimit = None,
    escalate_after: EscalateAfter = None,
    escalate_to: EscalateTo = None,
    expire_after: ExpireAfter = None,
    as_json: Json = False,
) -> None:
    """Change an AI task."""
    from personal_assistant.errors import AssistantError

    current, manager = with_manager()
    given = {
        "title": title,
        "task_type": type_,
        "ai_context": context,
        "description": description,
        "notification_channels": channel,
        "zone": zone,
        "missed_policy": missed,
        "max_lateness_seconds": max_late,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    extras = Wished(
        priority, tag, note, attach, repeat, repeat_limit, escalate_after, escalate_to, before, expire_after
    ).given()
    if new := When(when, cron, rrule, start, except_):
        old = manager.get_task(task_id, current.owner.id)
        changes |= new.schedule(manager, current.runtime.clock.now(), zone or old.zone, old)
    if not changes and not extras:
        raise AssistantError("Say what to change, for example with --title or --when; --help lists what can be.")
    task = manager.update_task(task_id, current.owner.id, extras=extras, **changes)
    answer_created(current, task, as_json, "Changed")


@app.command()
def pause(
    task_id: Id,
    until: Annotated[str | None, typer.Option(help='When it goes on by itself: "1 December", "next monday".')] = None,
    as_json: Json = False,
) -> None:
    """Let it rest until it is resumed, or until a time."""
    from personal_assistant.cli.remote import remote

    current, manager = with_manager()
    there = remote()
    if there is not None:
        task, resume_at = there.ai_tasks.pause_in_words(task_id, until)
    else:
        task, resume_at = _pause(current, manager, task_id, until)
    if resume_at is None:
        print_json({"ai_task": task}) if as_json else say(f"⏸️ Paused: {task.title} (id {task.id})")
        return
    text = f"⏸️ Paused until {current.local(resume_at)}: {task.title} (id {task.id})"
    current.answer(as_json, {"ai_task": task, "resume_at": resume_at}, text)


def _pause(current: Any, manager: Any, task_id: int, until: str | None) -> tuple[Any, Any]:
    from personal_assistant.ai.acting import until_in_words

    resume_at = None
    if until is not None:
        with current.runtime.db.read() as conn:
            resume_at = until_in_words(conn, current.owner.id, until, current.runtime.clock.now())
    return manager.pause_task(task_id, current.owner.id, until=resume_at), resume_at


@app.command()
def resume(task_id: Id, as_json: Json = False) -> None:
    """Go on with the next occurrence after now."""
    current, manager = with_manager()
    task = manager.resume_task(task_id, current.owner.id)
    answer_created(current, task, as_json, "Resumed")


@app.command()
def run(task_id: Id, as_json: Json = False) -> None:
    """Run it once now, beside its schedule."""
    current, manager = with_manager()
    job_id = manager.run_now(task_id, current.owner.id)
    current.answer(as_json, {"job_id": job_id}, f"✅ Queued as job {job_id}")


@app.command()
def cancel(task_id: Id, as_json: Json = False) -> None:
    """Let it not happen again, and keep it in the list."""
    current, manager = with_manager()
    task = manager.cancel_task(task_id, current.owner.id)
    print_json({"ai_task": task}) if as_json else say(f"🚫 Cancelled: {task.title} (id {task.id})")


@app.command()
def retry(task_id: Id, as_json: Json = False) -> None:
    """Run its newest occurrence that failed, was cancelled or was missed again."""
    current, manager = with_manager()
    job = manager.retry_task(task_id, current.owner.id)
    current.answer(as_json, {"job_id": job.id}, f"✅ Queued again: job {job.id}, due {current.local(job.due_at)}")


@app.command()
def remove(task_id: Id, as_json: Json = False) -> None:
    """Remove it. What has happened stays in the history."""
    current, manager = with_manager()
    task = manager.delete_task(task_id, current.owner.id)
    print_json({"ai_task": task}) if as_json else say(f"❌ Removed: {task.title} (id {task.id})")


_FILE = typer.Argument(metavar="FILE", help="Where to write it; standard output unless given.")


@app.command("export")
def export_(file: Annotated[Path | None, _FILE] = None, as_json: Json = False) -> None:
    """All your AI tasks as an iCalendar file, which `import` and other calendars read."""
    from personal_assistant.ai.ics.export import export

    current, _ = with_manager()
    with current.runtime.db.write() as conn:
        data = export(conn, current.owner.id)
    if file is not None:
        file.write_bytes(data)
    if as_json:
        print_json({"file": file, "calendar": data.decode() if file is None else None})
    elif file is None:
        sys.stdout.write(data.decode())
    else:
        say(f"✅ Exported to {file}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.ics", help="An iCalendar file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be imported, and change nothing.")] = False,
    automated: Annotated[
        bool, typer.Option("--automated", help="Take work for the agent too, from an export that you trust.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Schedule the to-dos of an iCalendar file, and the alarms of its events. Doing it again changes nothing."""
    from personal_assistant.ai.ics.importing import import_ics
    from personal_assistant.ai.ics.reading import MAX_BYTES

    current, _ = with_manager()
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    runtime = current.runtime
    found = import_ics(runtime.db, runtime.clock, current.owner.id, data, automated=automated, dry_run=dry_run)
    taken, left = [it for it in found if it.reason is None], [it for it in found if it.reason is not None]
    if not as_json:
        rows = [(str(it.ai_task_id or ""), current.local(it.next_run_at), it.title) for it in taken]
        if rows:
            table(("id", "next", "title"), rows, empty="")
        if left:
            say("Not imported:")
            table(("title", "why"), [(it.title or it.uid, str(it.reason)) for it in left], empty="")
    word = "would be imported" if dry_run else "imported"
    document = {"imported": taken, "not_imported": left, "dry_run": dry_run}
    current.answer(as_json, document, f"✅ {len(taken)} {word}, {len(left)} not")
