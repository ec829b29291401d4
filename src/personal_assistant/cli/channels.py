"""`assistant channels`: the ways to reach you outside of the assistant."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.asking import HIDDEN, ask_secret, ask_url
from personal_assistant.cli.output import Json, as_typed, group, print_json, say, table, warn
from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from personal_assistant.cli.session import Session
    from personal_assistant.notifications.address_states import AddressState
    from personal_assistant.notifications.model import Address

app = group("The ways to reach you outside of the assistant, in the order in which they are tried.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The address's name or id.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Your addresses. URLs are shown in part only: they are secrets."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.address_states import address_states

    current = session()
    with current.runtime.db.read() as conn:
        found = address_states(conn, current.owner.id)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            it.address.name,
            it.address.channel,
            "active" if it.address.enabled else "paused",
            it.address.masked,
            current.local(it.last_sent_at),
            _trouble(current, it),
        )
        for it in found
    ]
    empty = "You are reached in_app only. Add an address: `assistant channels add email ada@example.org`."
    table(("name", "channel", "state", "address", "last", "trouble"), rows, empty=as_typed(empty))


def _trouble(current: "Session", it: "AddressState") -> str:
    return f"{current.local(it.last_error_at)}: {it.last_error}" if it.fails else ""


@app.command()
def add(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="email, sms, push or webhook.")],
    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="Where to; asked for when it is - or left out.", show_default=False)
    ] = HIDDEN,
    name: Annotated[str | None, typer.Option(help="What you call it; the channel, unless given.")] = None,
    own_secret: Annotated[
        bool, typer.Option("--own-secret", help="Ask for the secret a webhook is signed with; else one is made.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a way to reach you, tried after those that there are."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.addresses import add_address
    from personal_assistant.store.secrets import vault_of

    current = session()
    url = ask_url("The URL", url)
    secret = ask_secret("The secret") if own_secret else None
    vault, now = vault_of(current.runtime.settings), current.runtime.clock.now()
    with current.runtime.db.write() as conn:
        address, secret = add_address(conn, vault, current.owner.id, channel, url, name=name, secret=secret, now=now)
    made = None if own_secret else secret
    _answer(address, made, f"✅ Added: {address.name} ({address.masked})", as_json)
    if not as_json:
        say(as_typed(f"   Try it: `assistant channels test {shlex.quote(address.name)}`"))


def _answer(address: "Address", secret: str | None, text: str, as_json: bool) -> None:
    if as_json:
        print_json({"address": address, "secret": secret})
        return
    say(text)
    if secret is not None:
        say(f"🔑 It signs with {secret}\n   Give that to the service; it is not shown again.")


@app.command()
def edit(
    address_name: Name,
    url: Annotated[str | None, typer.Option(help="Another URL; asked for when it is -.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    new_secret: Annotated[bool, typer.Option("--new-secret", help="Sign with a new secret from now on.")] = False,
    as_json: Json = False,
) -> None:
    """Change an address; what is not named stays as it is."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.addresses import edit_address, get_address
    from personal_assistant.store.secrets import vault_of

    if url is None and name is None and not new_secret:
        raise AssistantError("Give what to change: --url, --name or --new-secret.")
    current = session()
    url = None if url is None else ask_url("The URL", url)
    vault = vault_of(current.runtime.settings)
    with current.runtime.db.write() as conn:
        address = get_address(conn, current.owner.id, address_name)
        address, secret = edit_address(conn, vault, address, url=url, name=name, new_secret=new_secret)
    _answer(address, secret, f"✅ Changed: {address.name} ({address.masked})", as_json)


@app.command()
def move(
    address_name: Name,
    place: Annotated[int, typer.Argument(metavar="PLACE", help="1 is tried first.")],
    as_json: Json = False,
) -> None:
    """Change the order in which addresses are tried."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.addresses import get_address
    from personal_assistant.notifications.addresses import move as move_address

    current = session()
    with current.runtime.db.write() as conn:
        there = move_address(conn, get_address(conn, current.owner.id, address_name), place)
    print_json(there) if as_json else say(f"✅ The order is now: {', '.join(it.name for it in there)}")


@app.command()
def pause(address_name: Name, as_json: Json = False) -> None:
    """Have an address passed over until it is resumed."""
    _switch(address_name, False, "⏸️ Paused", as_json)


@app.command()
def resume(address_name: Name, as_json: Json = False) -> None:
    """Have a paused address used again."""
    _switch(address_name, True, "✅ Resumed", as_json)


def _switch(name: str, enabled: bool, word: str, as_json: bool) -> None:
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.addresses import get_address, set_enabled

    current = session()
    with current.runtime.db.write() as conn:
        address = set_enabled(conn, get_address(conn, current.owner.id, name), enabled)
    _answer(address, None, f"{word}: {address.name}", as_json)


@app.command()
def remove(address_name: Name, as_json: Json = False) -> None:
    """Forget an address. What was sent there stays in the history."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.addresses import get_address, remove_address

    current = session()
    with current.runtime.db.write() as conn:
        address = get_address(conn, current.owner.id, address_name)
        remove_address(conn, address, current.runtime.clock.now())
    _answer(address, None, f"🗑️ Removed: {address.name}", as_json)


@app.command()
def test(address_name: Name, as_json: Json = False) -> None:
    """Send a test message there now, also when it is paused. Exit code 1 when it failed."""
    send_tests(address_name, as_json)


def send_tests(wanted: str | None, as_json: bool) -> None:
    """Send a test message to the address of that name, else to those of that channel, or to all that are not paused.

    Ends the command with exit code 1 when one failed.
    """
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.senders import config_of
    from personal_assistant.notifications.trying import note_tried, sealed_of, try_addresses
    from personal_assistant.store.secrets import vault_of

    current = session()
    settings = current.runtime.settings
    with current.runtime.db.read() as conn:
        chosen = _chosen(conn, current.owner.id, wanted)
        sealed = sealed_of(conn, chosen)
    chosen = [it for it in chosen if it.id in sealed]
    now = current.runtime.clock.now()
    tried = try_addresses(chosen, sealed, vault_of(settings), current.owner, config_of(settings), now)
    with current.runtime.db.write() as conn:
        note_tried(conn, chosen, tried, current.runtime.clock.now())
    if as_json:
        print_json(tried)
    else:
        for it in tried:
            sign = {"sent": "✅", "unconfirmed": "❔", "failed": "❌"}[it.outcome]
            say(f"{sign} {it.name} ({it.masked}): {it.outcome}{f': {it.reason}' if it.reason else ''}")
        if any(it.outcome == "unconfirmed" for it in tried):
            warn("❔ unconfirmed: it may have arrived or not; look there.")
    if any(it.outcome == "failed" for it in tried):
        raise typer.Exit(1)


def _chosen(conn: "sa.Connection", user_id: int, wanted: str | None) -> "Sequence[Address]":
    from personal_assistant.notifications.addresses import get_address, list_addresses

    there = list_addresses(conn, user_id)
    if not there:
        raise AssistantError("You have no addresses yet. Add one: `assistant channels add email ada@example.org`.")
    enabled = [it for it in there if it.enabled]
    if wanted is None:
        if not enabled:
            raise AssistantError("All your addresses are paused: name one, or resume it.")
        return enabled
    # A name comes first: the first address of a channel is called like it.
    named = any(wanted in (it.name, str(it.id)) for it in there)
    of_channel = [] if named else [it for it in enabled if it.channel == wanted]
    return of_channel or [get_address(conn, user_id, wanted)]
