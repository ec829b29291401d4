"""`assistant tokens`: what your programs name themselves with over REST."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from personal_assistant.cli.output import Json, group, id_parser, plain, print_json, say, table

app = group("Personal API tokens: what your programs name themselves with over REST.")

_ID = typer.Argument(metavar="ID", help="The token's id.", parser=id_parser("token", "tokens list", 2**31 - 1))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Your tokens, the newest first. Their secrets are not kept."""
    from personal_assistant.cli.session import session
    from personal_assistant.people.tokens import list_tokens

    current = session()
    with current.runtime.db.read() as conn:
        found = list_tokens(conn, current.owner.id)
    if as_json:
        print_json(found)
        return
    now = current.runtime.clock.now()
    rows = [
        (
            str(it.id),
            it.name,
            f"{it.prefix}…",
            ", ".join(it.scopes),
            current.local(it.expires_at) + (" (over)" if it.expires_at and it.expires_at <= now else ""),
            current.local(it.last_used_at),
        )
        for it in found
    ]
    columns = ("id", "name", "begins with", "scopes", "ends", "last used")
    table(columns, rows, empty="There is no token. `assistant tokens add NAME` makes one.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, like «phone».")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write (which includes read) or admin; repeatable. [default: write]")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="WORDS", help='When it ends: "90 days", "on 1 march". Never unless given.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token. Its secret is shown once."""
    from personal_assistant.cli.session import session
    from personal_assistant.people.tokens import WRITE, create_token

    current = session()
    now = current.runtime.clock.now()
    expires_at = None if expires is None else _end(expires, now, current.owner.zone)
    with current.runtime.db.write() as conn:
        token, secret = create_token(conn, current.owner.id, name, scope or [WRITE], expires_at, now)
    if as_json:
        print_json({"token": {**plain(token), "secret": secret}})
        return
    say(f"🔑 {secret}")
    end = f"until {current.local(token.expires_at)}" if token.expires_at else "until it is removed"
    say(f"   {token.name} (id {token.id}): {', '.join(token.scopes)}, {end}. It is not shown again.")


def _end(words: str, now: datetime, zone: str) -> datetime:
    from personal_assistant.ai.formatting import refusal
    from personal_assistant.errors import AssistantError
    from personal_assistant.timing.language import TimeRefused, understand
    from personal_assistant.timing.language.lengths import read_length

    seconds = read_length(words)
    if seconds is not None:
        try:
            return now + timedelta(seconds=seconds)
        except OverflowError as error:
            raise AssistantError(f"{words!r} is too long. Leave --expires out for a token without an end.") from error
    try:
        meant = understand(words, now=now, zone=zone)
    except TimeRefused as refused:
        raise AssistantError(refusal(refused)) from refused
    if meant.kind != "once":
        raise AssistantError(f"{words!r} is no single time. Give one, like «90 days» or «on 1 march».")
    return meant.next[0]


@app.command()
def remove(token_id: Annotated[int, _ID], as_json: Json = False) -> None:
    """Take a token no more."""
    from personal_assistant.cli.session import session
    from personal_assistant.people.tokens import revoke_token

    current = session()
    with current.runtime.db.write() as conn:
        token = revoke_token(conn, current.owner.id, token_id, current.runtime.clock.now())
    print_json({"token": token}) if as_json else say(f"✅ Removed: {token.name} (id {token.id}) is not taken any more")
