"""`assistant init`."""

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
