"""`assistant schedules`: the timetable of system tasks."""

from datetime import datetime
from typing import Annotated, Any

import typer

from personal_assistant.cli.output import Json, group, print_json, say, table
from personal_assistant.cli.when import Cron, RRule, Start, When, Words

app = group("The timetable of system tasks.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The schedule's name, or the last part of it.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every schedule with its next run."""
    from personal_assistant.cli.session import session
    from personal_assistant.workers.schedulers.timetable import list_schedules

    current = session()
    with current.runtime.db.read() as conn:
        found = list_schedules(conn)
    if as_json:
        print_json(found)
        return
    rows = [
        (it.name.rsplit(".", 1)[-1], it.status, current.local(it.next_run_at), current.local(it.last_run_at), _rule(it))
        for it in found
    ]
    table(("name", "state", "next", "last", "when"), rows, empty="No task declares a timetable.")


def _rule(entry: Any) -> str:
    try:
        return f"{entry.schedule.describe()}{' (changed by you)' if entry.changed_by_owner else ''}"
    except ValueError as error:
        return f"cannot run: {error}"


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """One schedule and its next runs."""
    from personal_assistant.cli.session import session
    from personal_assistant.workers.schedulers.timetable import find_schedule

    current = session()
    with current.runtime.db.read() as conn:
        entry = find_schedule(conn, name)
    following = _ahead(entry)
    if as_json:
        print_json({"schedule": entry, "next": following})
        return
    say(f"{entry.name}  {entry.status}\n🔁 {_rule(entry)}")
    for instant in following:
        say(f"⏰ {current.local(instant)}")


def _ahead(entry: Any) -> list[datetime]:
    """The next runs; an interval counts from the one that is planned, not from now."""
    if entry.status != "active" or entry.next_run_at is None:
        return []
    return [entry.next_run_at, *entry.schedule.upcoming(entry.next_run_at, 4)]


@app.command()
def pause(name: Name, as_json: Json = False) -> None:
    """Let it rest until it is resumed."""
    from personal_assistant.workers.schedulers import timetable

    _changed(timetable.pause, name, "⏸️ Paused", as_json)


@app.command()
def resume(name: Name, as_json: Json = False) -> None:
    """Go on with the first run after now."""
    from personal_assistant.workers.schedulers import timetable

    _changed(timetable.resume, name, "✅ Resumed", as_json)


@app.command()
def edit(
    name: Name,
    when: Words = None,
    cron: Cron = None,
    rrule: RRule = None,
    start: Start = None,
    default: Annotated[bool, typer.Option("--default", help="Back to what its task declares.")] = False,
    as_json: Json = False,
) -> None:
    """Change when it runs."""
    from personal_assistant.ai import AITaskManager
    from personal_assistant.cli.session import session
    from personal_assistant.errors import AssistantError
    from personal_assistant.workers.schedulers import timetable

    given = When(when, cron, rrule, start)
    if default == bool(given):
        raise AssistantError("Give either a new time (--when, --cron or --rrule), or --default.")
    current = session()
    now = current.runtime.clock.now()
    if default:
        with current.runtime.db.write() as conn:
            entry = timetable.reset(conn, name, current.owner.zone, now)
    else:
        manager = AITaskManager(current.runtime.db, current.runtime.clock)
        schedule = given.parsed(manager, now, current.owner.zone)
        with current.runtime.db.write() as conn:
            entry = timetable.change(conn, name, schedule, now)
    _answer(current, entry, "✅ Changed", as_json)


@app.command()
def run(name: Name, as_json: Json = False) -> None:
    """Run it once now, beside its timetable."""
    from personal_assistant.cli.session import session
    from personal_assistant.workers.schedulers.timetable import run_now

    current = session()
    with current.runtime.db.write() as conn:
        job_id = run_now(conn, name, current.runtime.clock.now())
    current.answer(as_json, {"job_id": job_id}, f"✅ Queued as job {job_id}")


def _changed(change: Any, name: str, word: str, as_json: bool) -> None:
    from personal_assistant.cli.session import session

    current = session()
    with current.runtime.db.write() as conn:
        entry = change(conn, name, current.runtime.clock.now())
    _answer(current, entry, word, as_json)


def _answer(current: Any, entry: Any, word: str, as_json: bool) -> None:
    text = f"{word}: {entry.name.rsplit('.', 1)[-1]}"
    if entry.status != "active":
        print_json({"schedule": entry}) if as_json else say(text)
        return
    text += f", {_rule(entry)}\n⏰ {current.local(entry.next_run_at)} ({entry.zone})"
    current.answer(as_json, {"schedule": entry}, text)
