"""`assistant channels`: the ways to reach you outside of the assistant."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.asking import HIDDEN, ask_secret, typed_url
from personal_assistant.cli.output import Json, as_typed, group, print_json, say, table, warn
from personal_assistant.errors import AssistantError

if TYPE_CHECKING:
    from personal_assistant.cli.channel_desk import Desk
    from personal_assistant.notifications.address_states import AddressState
    from personal_assistant.notifications.model import Address

app = group("The ways to reach you outside of the assistant, in the order in which they are tried.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The address's name or id.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Your addresses. URLs are shown in part only: they are secrets."""
    from personal_assistant.cli.channel_desk import desk

    current = desk()
    found = current.states()
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


def _trouble(current: "Desk", it: "AddressState") -> str:
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
    from personal_assistant.cli.channel_desk import desk

    current = desk()
    url = typed_url("The URL", url)
    secret = ask_secret("The secret") if own_secret else None
    address, made = current.add(channel, url, name, secret)
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
    from personal_assistant.cli.channel_desk import desk

    if url is None and name is None and not new_secret:
        raise AssistantError("Give what to change: --url, --name or --new-secret.")
    current = desk()
    url = None if url is None else typed_url("The URL", url)
    address, secret = current.edit(address_name, url, name, new_secret)
    _answer(address, secret, f"✅ Changed: {address.name} ({address.masked})", as_json)


@app.command()
def move(
    address_name: Name,
    place: Annotated[int, typer.Argument(metavar="PLACE", help="1 is tried first.")],
    as_json: Json = False,
) -> None:
    """Change the order in which addresses are tried."""
    from personal_assistant.cli.channel_desk import desk

    there = desk().move(address_name, place)
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
    from personal_assistant.cli.channel_desk import desk

    address = desk().switch(name, enabled)
    _answer(address, None, f"{word}: {address.name}", as_json)


@app.command()
def remove(address_name: Name, as_json: Json = False) -> None:
    """Forget an address. What was sent there stays in the history."""
    from personal_assistant.cli.channel_desk import desk

    address = desk().remove(address_name)
    _answer(address, None, f"🗑️ Removed: {address.name}", as_json)


@app.command()
def test(address_name: Name, as_json: Json = False) -> None:
    """Send a test message there now, also when it is paused. Exit code 1 when it failed."""
    send_tests(address_name, as_json)


def send_tests(wanted: str | None, as_json: bool) -> None:
    """Send a test message to the address of that name, else to those of that channel, or to all that are not paused.

    Ends the command with exit code 1 when one failed.
    """
    from personal_assistant.cli.channel_desk import desk

    tried = desk().test(wanted)
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
