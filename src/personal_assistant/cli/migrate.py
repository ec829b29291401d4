"""`assistant migrate`: newer tables, a database of the earlier scheduler, a move to the other kind of database."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, clean, print_json, say
from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    from personal_assistant.store.adoption import Adoption
    from personal_assistant.workers.moving import Move

_MOST_LISTED = 50


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    from_url: Annotated[str | None, typer.Option("--from", help="Copy the assistant in this database …")] = None,
    to_url: Annotated[str | None, typer.Option("--to", help="… into this empty one.")] = None,
    as_json: Json = False,
) -> None:
    """Bring the database's tables up to this version's; adopt a database of the earlier scheduler.

    With --from and --to, URLs like sqlite:////path/assistant.db and postgresql://user@host/name, copy one database into
    another and compare them; neither may be in use.
    """
    if (from_url is None) != (to_url is None):
        raise AssistantError("Copying needs both --from and --to: the URL to copy from, and the one to copy to.")
    if from_url is not None and to_url is not None:
        _move(from_url, to_url, dry_run, as_json)
    else:
        _bring_up_to_date(dry_run, as_json)


def _bring_up_to_date(dry_run: bool, as_json: bool) -> None:
    from personal_assistant.store.adoption import adopt, examine
    from personal_assistant.store.schema import revisions, upgrade
    from personal_assistant.workers.runtime import runtime

    db, clock = runtime().db, runtime().clock
    before = revisions(db)
    adoption = examine(db) if dry_run else adopt(db, clock.now())
    if adoption is None and not dry_run:
        upgrade(db)
    after = before if dry_run else revisions(db)
    if as_json:
        document = {"database": db.where, "before": before.current, "after": after.current, "steps": before.pending}
        print_json({**document, "dry_run": dry_run, "adoption": adoption})
    elif adoption is not None:
        _tell_adoption(adoption, db.where, dry_run)
    elif before.up_to_date:
        say(f"✅ {db.where} is up to date (revision {before.newest}).")
    else:
        done = "Would be done" if dry_run else "Done"
        say(f"{'ℹ️ ' if dry_run else '✅'} {done}: revisions {', '.join(before.pending)} on {db.where}.")


def _tell_adoption(adoption: "Adoption", where: str, dry_run: bool) -> None:
    begin = "ℹ️  Would be adopted" if dry_run else "✅ Adopted"
    say(f"{begin}: {where}, a database of the earlier scheduler.")
    say(f"   {adoption.people} people and {adoption.ai_tasks} AI tasks stay as they are.")
    say(f"   {'New' if not dry_run else 'Would be new'} columns: {', '.join(adoption.columns) or 'none'}")
    say(f"   {'New' if not dry_run else 'Would be new'} tables: {', '.join(adoption.tables) or 'none'}")
    _list([f"⏰ Due again: AI task {it.id} ({it.title[:60]}), cut off while it ran." for it in adoption.due_again])
    _list([f"❌ Cannot fire: AI task {it.id} ({it.title[:60]}). {it.reason}" for it in adoption.cannot_fire])
    _list(
        [
            f"⚠️  Person {it.id} ({it.email}) is switched off and has {it.active_tasks} active AI task(s)."
            for it in adoption.closed_people
        ]
    )
    if adoption.owner is not None:
        say(
            f"👤 Owner: {adoption.owner.email} (id {adoption.owner.id}). Times are UTC until `init --zone` sets a zone."
        )
    else:
        say("👤 There are no people: `assistant init` makes the owner.")


def _list(lines: list[str]) -> None:
    for line in lines[:_MOST_LISTED]:
        say(f"   {line}")
    if len(lines) > _MOST_LISTED:
        say(f"   … and {len(lines) - _MOST_LISTED} more; --json lists all.")


def _move(from_url: str, to_url: str, dry_run: bool, as_json: bool) -> None:
    from personal_assistant.settings import get_settings
    from personal_assistant.workers.moving import move

    moved = move(from_url, to_url, get_settings(), _progress, dry_run=dry_run)
    if as_json:
        print_json(moved)
    else:
        _tell_move(moved)


def _progress(text: str) -> None:
    print(f"… {clean(text)}", file=sys.stderr, flush=True)  # noqa: T201


def _tell_move(move: "Move") -> None:
    rows = sum(table.rows for table in move.tables)
    if move.dry_run:
        say(f"ℹ️  Would be copied: {rows} rows of {len(move.tables)} tables from {move.source} to {move.target}.")
    else:
        say(f"✅ Copied: {rows} rows of {len(move.tables)} tables from {move.source} to {move.target}.")
        say("   Every table was read back and compared: the rows are the same, in number and content.")
    for table in move.tables:
        say(f"   {table.name + ':':12} {table.rows}")
    if move.left_behind:
        say(f"   Not the assistant's, and left where it is: {', '.join(move.left_behind)}")
    if not move.dry_run:
        say("   Set DATABASE_URL to the new one to use it; the old one is unchanged.")
