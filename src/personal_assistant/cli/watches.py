"""`assistant watches`: what is to run in time, and who is told when it does not."""

from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.asking import ask_url
from personal_assistant.cli.output import Json, as_typed, group, id_parser, print_json, say, table
from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from personal_assistant.cli.session import Session
    from personal_assistant.notifications.watches import Watch

app = group("What is to run in time: you are told when it does not, and heartbeat URLs are told what becomes of it.")

Id = Annotated[
    int,
    typer.Argument(metavar="ID", help="The watch's id.", parser=id_parser("watch", "watches list", 2**31 - 1)),
]
Grace = Annotated[str | None, typer.Option(help='How late it may be: 10m, "1 hour"; else the setting\'s.')]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """What you watch, and how it is."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.watches import list_watches

    current = session()
    with current.runtime.db.read() as conn:
        found = list_watches(conn, current.owner.id)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            str(it.id),
            _kind(it),
            it.name,
            "late" if it.late_since else "ok",
            _grace(current, it),
            it.masked or "–",
            current.local(it.pinged_at),
            it.ping_error or "",
        )
        for it in found
    ]
    empty = as_typed("Nothing is watched. Try: `assistant watches add --instance`.")
    table(("id", "what", "name", "state", "grace", "heartbeat", "last", "trouble"), rows, empty=empty)


def _kind(it: "Watch") -> str:
    return "AI task" if it.ai_task_id is not None else "schedule" if it.schedule_id is not None else "instance"


def _grace(current: "Session", it: "Watch") -> str:
    from datetime import timedelta

    from personal_assistant.timing.missed import spoken

    default = current.runtime.settings.watch_grace_seconds
    return spoken(timedelta(seconds=default if it.grace_seconds is None else it.grace_seconds))


@app.command()
def show(watch_id: Id, as_json: Json = False) -> None:
    """One watch."""
    from personal_assistant.cli.session import session

    current = session()
    with current.runtime.db.read() as conn:
        it = _get(conn, current, watch_id)
    if as_json:
        print_json(it)
        return
    say(f"{it.id}  {_kind(it)}: {it.name}")
    late = f"late since {current.local(it.late_since)}, for {current.local(it.late_for)}"
    say(f"   {late if it.late_since else 'not late'}; grace {_grace(current, it)}")
    if it.masked:
        say(f"   heartbeats to {it.masked}, the last at {current.local(it.pinged_at)}")
    if it.ping_error:
        say(f"   ❌ {it.ping_error}")


def _get(conn: "sa.Connection", current: "Session", watch_id: int) -> "Watch":
    from personal_assistant.notifications.watches import get_watch

    return get_watch(conn, current.owner.id, watch_id)


@app.command()
def add(
    instance: Annotated[bool, typer.Option("--instance", help="The assistant itself.")] = False,
    ai_task: Annotated[int | None, typer.Option("--ai-task", help="The id of an AI task.")] = None,
    schedule: Annotated[str | None, typer.Option(help="The name of a schedule, or the last part of it.")] = None,
    grace: Grace = None,
    url: Annotated[
        str | None, typer.Option(help="A heartbeat URL, as Healthchecks gives one; asked for when it is -.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch one thing: you are told when it is late, and a heartbeat URL, if any, what becomes of it."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.watches import add_watch
    from personal_assistant.store.secrets import vault_of
    from personal_assistant.workers.schedulers.timetable import find_schedule

    if sum((instance, ai_task is not None, schedule is not None)) != 1:
        raise AssistantError("Say what to watch: --instance, --ai-task ID or --schedule NAME.")
    current = session()
    seconds, url = _seconds(grace), _asked(url)
    with current.runtime.db.write() as conn:
        made = add_watch(
            conn,
            vault_of(current.runtime.settings),
            current.owner.id,
            ai_task_id=ai_task,
            schedule_id=None if schedule is None else find_schedule(conn, schedule).id,
            grace_seconds=seconds,
            url=url,
        )
    text = f"✅ Watched: {made.name} (watch {made.id}), with a grace of {_grace(current, made)}"
    current.answer(as_json, {"watch": made}, text)
    if made.masked and not as_json:
        say(as_typed(f"   Try its heartbeat URL: `assistant watches test {made.id}`"))


def _seconds(grace: str | None) -> int | None:
    from personal_assistant.timing.language.lengths import read_length

    seconds = None if grace is None else read_length(grace)
    if grace is not None and seconds is None:
        raise AssistantError(f'{grace[:50]!r} is no length of time in whole seconds: say it like 10m or "1 hour".')
    return seconds


def _asked(url: str | None) -> str | None:
    return None if url is None else ask_url("The heartbeat URL", url)


@app.command()
def edit(
    watch_id: Id,
    grace: Grace = None,
    default_grace: Annotated[bool, typer.Option("--default-grace", help="Back to the setting's grace.")] = False,
    url: Annotated[str | None, typer.Option(help="Another heartbeat URL; asked for when it is -.")] = None,
    no_url: Annotated[bool, typer.Option("--no-url", help="Tell nobody outside any more.")] = False,
    as_json: Json = False,
) -> None:
    """Change a watch; what is not named stays as it is."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.watches import set_grace, set_url
    from personal_assistant.store.secrets import vault_of

    if (grace is not None and default_grace) or (url is not None and no_url):
        raise AssistantError("Either give a new one, or take the old one away.")
    if grace is None and url is None and not default_grace and not no_url:
        raise AssistantError("Give what to change: --grace, --default-grace, --url or --no-url.")
    current = session()
    seconds, url = _seconds(grace), _asked(url)
    with current.runtime.db.write() as conn:
        it = _get(conn, current, watch_id)
        if grace is not None or default_grace:
            it = set_grace(conn, it, seconds)
        if url is not None or no_url:
            it = set_url(conn, vault_of(current.runtime.settings), it, url)
    print_json({"watch": it}) if as_json else say(f"✅ Changed: watch {it.id}, {it.name}")


@app.command()
def remove(watch_id: Id, as_json: Json = False) -> None:
    """Watch it no longer."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.watches import remove_watch

    current = session()
    with current.runtime.db.write() as conn:
        it = _get(conn, current, watch_id)
        remove_watch(conn, it)
    print_json({"watch": it}) if as_json else say(f"🗑️ Removed: watch {it.id}, {it.name}")


@app.command()
def test(watch_id: Id, as_json: Json = False) -> None:
    """Tell its heartbeat URL a success now. Exit code 1 when that failed."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.heartbeats import sealed_of, try_heartbeat
    from personal_assistant.notifications.senders import config_of
    from personal_assistant.notifications.watches import open_url
    from personal_assistant.store.secrets import vault_of

    current = session()
    settings = current.runtime.settings
    with current.runtime.db.read() as conn:
        it = _get(conn, current, watch_id)
        sealed = sealed_of(conn, it)
    problem = try_heartbeat(it, open_url(vault_of(settings), it.id, sealed), config_of(settings))
    if as_json:
        print_json({"watch": it, "error": problem})
    else:
        say(f"❌ {it.masked}: {problem}" if problem else f"✅ {it.masked} has taken it.")
    if problem:
        raise typer.Exit(1)
