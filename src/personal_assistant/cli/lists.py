"""`assistant ai-tasks today`, `overdue`, `upcoming`, `done`, `search`: what is on, and what was."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from personal_assistant.cli.output import Json, command_name, print_json, say, table

if TYPE_CHECKING:
    from personal_assistant.ai.lists.entries import Entry, Listing
    from personal_assistant.cli.session import Session

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many lines at most.")]

_SIGNS = {
    "planned": "⏰",
    "snoozed": "💤",
    "open": "🔔",
    "read": "👁",
    "done": "✅",
    "late": "⌛",
    "skipped": "⏩",
    "failed": "❌",
    "missed": "⏭️",
}
_HOW = {"cli": "by command", "link": "by link", "api": "by the API"}


def add_to(app: typer.Typer) -> None:
    """Make these commands part of a group."""
    for command in (today, overdue, upcoming, done, search):
        app.command(command.__name__)(command)


def today(limit: Limit = 100, as_json: Json = False) -> None:
    """What came today and what became of it, and what is still to come until midnight."""
    current, listing = _listing("today", limit=limit)
    name = command_name()
    empty = f'Nothing came today, and nothing is to come. Try: {name} remind "stretch in 10 minutes"'
    _show(current, listing, as_json, empty)


def overdue(limit: Limit = 50, as_json: Json = False) -> None:
    """What asks to be done or was not looked at yet, and what did not come because nothing ran; the oldest first."""
    from datetime import timedelta

    from personal_assistant.timing.missed import spoken

    current, listing = _listing("overdue", limit=limit)
    if as_json:
        print_json(listing)
        return
    rows = [
        (_id(it), _state(it), current.local(it.at), spoken(timedelta(seconds=int(it.late_seconds or 0))), it.title)
        for it in listing.entries
    ]
    table(("id", "state", "due", "late", "title"), rows, empty="✅ Nothing is overdue.")
    if any(it.state == "open" for it in listing.entries):
        say(f"`{command_name()} done ID` or `{command_name()} snooze ID WORDS` settles one.")
    _say_more(listing)


def upcoming(
    days: Annotated[int, typer.Option(min=1, max=3660, help="For so many days from now.")] = 7,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """What is to come, at most a few times each thing."""
    current, listing = _listing("upcoming", days=days, limit=limit)
    within = "the next day" if days == 1 else f"the next {days} days"
    empty = f'Nothing is to come in {within}. Try --days, or: {command_name()} remind "stretch in 10 minutes"'
    _show(current, listing, as_json, empty)


def done(limit: Limit = 50, as_json: Json = False) -> None:
    """What you said is done, the newest first."""
    current, listing = _listing("done", limit=limit)
    if as_json:
        print_json(listing)
        return
    rows = [(_id(it), current.local(it.at), _HOW.get(it.note or "", it.note or ""), it.title) for it in listing.entries]
    empty = f"Nothing was marked as done yet. `{command_name()} done ID` does it, once a reminder has come."
    table(("id", "done", "how", "title"), rows, empty=empty)
    _say_more(listing)


def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS", help="Each must occur in title, text, notes or tags.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only what has this tag.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Find AI tasks in any state."""
    from personal_assistant.ai.formatting import sign
    from personal_assistant.ai.lists.search import search as find
    from personal_assistant.cli.session import session

    current = session()
    with current.runtime.db.read() as conn:
        found = find(conn, current.owner.id, " ".join(words or ()), tag=tag, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            str(hit.ai_task.id),
            f"{sign(hit.ai_task.status)} {hit.ai_task.status}",
            current.local(hit.ai_task.next_run_at),
            hit.ai_task.title,
            " ".join(f"#{name}" for name in hit.tags),
        )
        for hit in found.hits
    ]
    empty = f"Nothing was found: fewer words find more, and `{command_name()} ai-tasks list` shows all."
    table(("id", "state", "next", "title", "tags"), rows, empty=empty)
    _say_more(found)


def _listing(name: str, **options: int) -> "tuple[Session, Listing]":
    from personal_assistant.ai.lists import views
    from personal_assistant.cli.session import session

    current = session()
    with current.runtime.db.read() as conn:
        return current, getattr(views, name)(conn, current.owner.id, current.runtime.clock.now(), **options)


def _show(current: "Session", listing: "Listing", as_json: bool, empty: str) -> None:
    if as_json:
        print_json(listing)
        return
    rows = [(_id(it), current.local(it.at), _state(it), it.title, _note(it)) for it in listing.entries]
    notes = any(note for *_, note in rows)
    columns = ("id", "due", "state", "title", "note")
    if not notes:
        columns, rows = columns[:-1], [row[:-1] for row in rows]  # type: ignore[assignment, misc]
    table(columns, rows, empty=empty)
    _say_more(listing)


def _id(entry: "Entry") -> str:
    return "–" if entry.ai_task_id is None else str(entry.ai_task_id)


def _state(entry: "Entry") -> str:
    return f"{_SIGNS[entry.state]} {'not run' if entry.state == 'late' else entry.state}"


def _note(entry: "Entry") -> str:
    if entry.note is None:
        return ""
    return f"… goes on: {entry.note}" if entry.state == "planned" else entry.note.split("\n", 1)[0][:120]


def _say_more(found: Any) -> None:
    if found.more:
        say("… and more; --limit shows them.")
