"""`assistant audit`: who did what."""

import json
from typing import Annotated

import typer

from personal_assistant.cli.output import Json, group, print_json, say, table

app = group("Who did what. Entries are neither changed nor removed.")


@app.command("list")
def list_(
    who: Annotated[
        str | None, typer.Option(metavar="WHO", help="Only of this person: an e-mail address, or id.")
    ] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, or all of a kind: sign_in, user.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    before: Annotated[int | None, typer.Option(metavar="ID", help="Older ones than this entry.")] = None,
    as_json: Json = False,
) -> None:
    """What was done, the newest first: signing in, passwords, people."""
    from personal_assistant.cli.session import session
    from personal_assistant.cli.users import find_person
    from personal_assistant.people.audit import list_entries

    current = session()
    with current.runtime.db.read() as conn:
        user_id = None if who is None else find_person(conn, who).id
        found = list_entries(conn, user_id, action=action, before=before, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            str(it.id),
            current.local(it.at),
            it.email or "–",
            it.action,
            it.about,
            it.by,
            json.dumps(it.details, ensure_ascii=False) if it.details else "",
        )
        for it in found
    ]
    table(("id", "last", "who", "action", "about", "through", "details"), rows, empty="Nothing was noted yet.")
    if len(found) == limit:
        say(f"   More: --before {found[-1].id}")
