"""`assistant init` and `assistant migrate`."""

from typing import Annotated

import typer

from personal_assistant.cli.output import Json, as_typed, command_name, print_json, say, warn


def init(
    zone: Annotated[str | None, typer.Option(help="The IANA zone your times are meant in: Europe/Paris.")] = None,
    as_json: Json = False,
) -> None:
    """Set up the data directory, the tables and the owner. Doing it again changes nothing but the zone, if given.

    What is scheduled already keeps the zone that it was made in.
    """
    from personal_assistant.workers.liveness import scheduler_alive
    from personal_assistant.workers.runtime import runtime
    from personal_assistant.workers.setup import prepare

    current = runtime()
    owner = prepare(current, zone=zone, tell=tell)
    if as_json:
        print_json({"data_dir": current.settings.data_dir, "database": current.db.where, "owner": owner})
        return
    say(f"✅ Ready. The data lies in {current.db.where}; times are meant in {owner.zone}.")
    if scheduler_alive(current):
        say("   `up` is running; what it prints follows a changed zone from its next start on.")
        return
    say(f"   Next: {command_name()} up")


def tell(sentence: str) -> None:
    """What a person should know about the set-up."""
    warn(as_typed(f"⚠️  {sentence}"))


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
