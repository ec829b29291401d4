"""`assistant init`."""

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
