"""`assistant users`: who may use this assistant."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from personal_assistant.cli.output import Json, group, plain, print_json, say, table

if TYPE_CHECKING:
    import sqlalchemy as sa

    from personal_assistant.cli.session import Session
    from personal_assistant.people.accounts import Account
    from personal_assistant.people.audit import Actor

app = group("Who may use this assistant, and how they sign in.")

_WHO = typer.Argument(metavar="WHO", help="A person's e-mail address, or id.")
_ROLE = typer.Option(help="member, or admin, who looks after people.")
_ZONE = typer.Option(help="The IANA zone of their times: Europe/Paris.")
_LANGUAGE = typer.Option(help="Like en or pt-BR.")
_BY = "cli"


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Everybody, the owner among them."""
    from personal_assistant.cli.session import session
    from personal_assistant.people.accounts import list_accounts

    current = session()
    with current.runtime.db.read() as conn:
        found = list_accounts(conn)
    if as_json:
        print_json(found)
        return
    rows = [(str(it.id), it.email, it.full_name or "–", _role(it), _state(it), it.zone) for it in found]
    table(("id", "e-mail", "name", "role", "state", "zone"), rows, empty="There is nobody yet.")


@app.command()
def show(who: Annotated[str, _WHO], as_json: Json = False) -> None:
    """One person, and the browsers that are signed in."""
    from personal_assistant.cli.session import session
    from personal_assistant.people.sessions import list_sessions

    current = session()
    with current.runtime.db.read() as conn:
        account = find_person(conn, who)
        browsers = list_sessions(conn, account.id, current.runtime.clock.now())
    if as_json:
        print_json({"user": {**plain(account), "sessions": plain(browsers)}})
        return
    factor = "with a second factor" if account.has_second_factor else "without a second factor"
    say(f"{account.full_name or account.email} (id {account.id}): {_role(account)}, {_state(account)}")
    say(f"   E-mail: {account.email}")
    say(f"   Times are meant in {account.zone}; language {account.language}.")
    say(f"   Password: {'set, ' + factor if account.has_password else 'none yet'}")
    say(f"   Signed in last: {current.local(account.last_login)}")
    for it in browsers:
        say(f"   Browser {it.id}: {it.agent[:60] or 'unknown'}, by {it.by}, last seen {current.local(it.seen_at)}")


@app.command()
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where the invitation goes.")],
    name: Annotated[str | None, typer.Option(help="How they are called.")] = None,
    role: Annotated[str, _ROLE] = "member",
    zone: Annotated[str | None, _ZONE] = None,
    language: Annotated[str, _LANGUAGE] = "en",
    as_json: Json = False,
) -> None:
    """Invite somebody: by mail where that is set up, else by a link that you hand on."""
    from personal_assistant.cli.session import session
    from personal_assistant.notifications.account_mail import hand_out
    from personal_assistant.people.accounts import create_account

    current = session()
    now = current.runtime.clock.now()
    zone = zone or current.owner.zone
    with current.runtime.db.write() as conn:
        account = create_account(
            conn, email, now, name=name, zone=zone, language=language, role=role, actor=_actor(current)
        )
        link = hand_out(conn, "invite", account, current.runtime.settings, now)
    if as_json:
        print_json({"user": plain(account), "link": link})
        return
    say(f"✅ Invited: {account.email} (id {account.id}), {_role(account)}")
    if link is None:
        say("   The invitation goes out by mail.")
        return
    say(f"   Hand on this link, which works once within 7 days: {link}")


@app.command()
def edit(
    who: Annotated[str, _WHO],
    email: Annotated[str | None, typer.Option(help="Their new e-mail address.")] = None,
    name: Annotated[str | None, typer.Option(help="How they are called.")] = None,
    role: Annotated[str | None, _ROLE] = None,
    zone: Annotated[str | None, _ZONE] = None,
    language: Annotated[str | None, _LANGUAGE] = None,
    as_json: Json = False,
) -> None:
    """Change what is given. A new role signs them out everywhere."""
    from personal_assistant.errors import AssistantError
    from personal_assistant.people.accounts import edit_account

    given = {"email": email, "full_name": name, "role": role, "zone": zone, "language": language}
    changes = {key: value for key, value in given.items() if value is not None}
    if not changes:
        raise AssistantError("Say what to change: give at least one option.")
    _change(who, as_json, "Changed", lambda it: edit_account(it.conn, it.id, it.now, changes, actor=it.actor))


@app.command()
def pause(who: Annotated[str, _WHO], as_json: Json = False) -> None:
    """Let somebody neither sign in nor use tokens, until they are resumed. Their reminders go on."""
    from personal_assistant.people.accounts import deactivate

    _change(who, as_json, "Switched off", lambda it: deactivate(it.conn, it.id, it.now, it.actor))


@app.command()
def resume(who: Annotated[str, _WHO], as_json: Json = False) -> None:
    """Let somebody sign in again."""
    from personal_assistant.people.accounts import reactivate

    _change(who, as_json, "Switched on", lambda it: reactivate(it.conn, it.id, it.now, it.actor))


@app.command()
def remove(
    who: Annotated[str, _WHO],
    yes: Annotated[bool, typer.Option("--yes", help="Needed, since it cannot be undone.")] = False,
    as_json: Json = False,
) -> None:
    """Take somebody out for good: AI tasks cancelled, addresses and ways to sign in forgotten. The history stays."""
    from personal_assistant.ai.leaving import remove_person
    from personal_assistant.errors import AssistantError

    if not yes:
        raise AssistantError("This cannot be undone. Repeat it with --yes, or take `assistant users pause`.")
    _change(who, as_json, "Removed", lambda it: remove_person(it.conn, it.id, it.now, it.actor))


@app.command()
def link(
    who: Annotated[str | None, typer.Argument(metavar="[WHO]", help="E-mail address or id; else the owner.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="A link that sets a new password instead.")] = False,
    as_json: Json = False,
) -> None:
    """Print a link that works once: it signs in within 30 minutes, or sets a password within an hour."""
    from personal_assistant.cli.session import session
    from personal_assistant.people import audit, one_time_links
    from personal_assistant.store.web_address import base_of_links

    current = session()
    now = current.runtime.clock.now()
    purpose: one_time_links.Purpose = "reset" if reset else "sign_in"
    with current.runtime.db.write() as conn:
        account = find_person(conn, who or str(current.owner.id))
        base = base_of_links(current.runtime.settings.public_url, current.runtime.settings.data_dir)
        made = one_time_links.url_of(base, purpose, one_time_links.create_link(conn, account.id, purpose, now))
        details = {"purpose": purpose}
        audit.note(conn, current.owner.id, "link.made", f"user:{account.id}", now, by=_BY, details=details)
    print_json({"user": plain(account), "link": made}) if as_json else say(made)


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of one person, within its transaction."""

    conn: "sa.Connection"
    id: int
    now: datetime
    actor: "Actor"


def _change(who: str, as_json: bool, done: str, act: "Callable[[_Change], Account]") -> None:
    from personal_assistant.cli.session import session

    current = session()
    with current.runtime.db.write() as conn:
        account = act(_Change(conn, find_person(conn, who).id, current.runtime.clock.now(), _actor(current)))
    print_json({"user": account}) if as_json else say(f"✅ {done}: {account.email} (id {account.id})")


def _actor(current: "Session") -> "Actor":
    from personal_assistant.people.audit import Actor

    return Actor(current.owner.id, _BY)


def find_person(conn: "sa.Connection", who: str) -> "Account":
    """Somebody by e-mail address or id. Raises AccountNotFoundError."""
    from personal_assistant.people.accounts import AccountNotFoundError, find_account, get_account

    if who.isascii() and who.isdecimal() and len(who) < 20:
        return get_account(conn, int(who))
    account = find_account(conn, who)
    if account is None:
        raise AccountNotFoundError(f"There is no person {who[:60]!r}. `assistant users list` shows who there is.")
    return account


def _role(account: "Account") -> str:
    return "owner" if account.is_owner else account.role


def _state(account: "Account") -> str:
    if not account.is_active:
        return "paused"
    return "active" if account.has_password or account.last_login else "invited"
