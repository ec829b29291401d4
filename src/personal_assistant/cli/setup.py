"""`assistant init` and `assistant migrate`."""

from typing import Annotated

import typer

from personal_assistant.cli.output import Json, command_name, print_json, say


def init(as_json: Json = False) -> None:
    """Set up the data directory, the tables and the owner. Doing it again changes nothing."""
    from personal_assistant.workers.runtime import runtime
    from personal_assistant.workers.setup import prepare

    current = runtime()
    owner = prepare(current)
    if as_json:
        print_json({"data_dir": current.settings.data_dir, "database": current.db.where, "owner": owner})
        return
    say(f"✅ Ready. The data lies in {current.db.where}; times are meant in {owner.zone}.")
    say(f"   Next: {command_name()} up")


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the database's tables up to this version's."""
    from personal_assistant.store.schema import revisions, upgrade
    from personal_assistant.workers.runtime import runtime

    db = runtime().db
    before = revisions(db) if dry_run else upgrade(db)
    after = before if dry_run else revisions(db)
    if as_json:
        print_json({"database": db.where, "before": before.current, "after": after.current, "steps": before.pending})
        return
    if before.up_to_date:
        say(f"✅ {db.where} is up to date (revision {before.newest}).")
        return
    done = "Would be done" if dry_run else "Done"
    say(f"{'ℹ️ ' if dry_run else '✅'} {done}: revisions {', '.join(before.pending)} on {db.where}.")
