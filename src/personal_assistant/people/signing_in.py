"""Signing in: by password and second factor, or by a one-time link. Failures are counted before they are looked at."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.people import audit, one_time_links, passwords, sessions, totp, tries
from personal_assistant.people.accounts import MAX_EMAIL, find_account, get_account
from personal_assistant.people.tries import Subject
from personal_assistant.store.database import Database
from personal_assistant.store.secrets import Vault
from personal_assistant.store.tables import users

FREE_BY_ADDRESS = 10
FREE_BY_CLIENT = 50
_WEB = "web"


class SignInRefusedError(AssistantError):
    """Nobody is signed in; the sentence does not tell which part was wrong."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody is signed in; `secret` is for the session's cookie."""

    user_id: int
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right and a code is to follow: `give_code` takes `secret` for ten minutes."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """Where a try comes from: the address of the network, None where it cannot be known; what the browser is called."""

    address: str | None
    agent: str


def sign_in(db: Database, email: str, password: str, now: datetime, client: Client) -> SignedIn | CodeNeeded:
    """Sign in with a password; where the person has a second factor, a code is to follow.

    Raises SignInRefusedError, LockedOutError.
    """
    subjects = _subjects(email, client)
    with db.write() as conn:
        account = find_account(conn, email)
        locks = tries.begin(conn, subjects, now)
        if locks and account is not None:
            audit.note(conn, account.id, "sign_in.locked_out", f"user:{account.id}", now, by=_WEB)
        user_id = account.id if account is not None and account.is_active else None
        stored = passwords.stored_of(conn, user_id)
    if not passwords.verify(stored, password) or user_id is None:
        raise SignInRefusedError("The e-mail address or the password is not right.")
    better = passwords.upgraded(stored, password)
    with db.write() as conn:
        # Meanwhile it may have been changed, or its person switched off.
        if passwords.stored_of(conn, user_id) != stored or not get_account(conn, user_id).is_active:
            raise SignInRefusedError("The e-mail address or the password is not right.")
        if better is not None:
            passwords.store(conn, user_id, better)
        if totp.is_on(conn, user_id):
            for subject in subjects:
                tries.give_back(conn, subject, now)
            return CodeNeeded(one_time_links.create_link(conn, user_id, "code", now))
        _succeed(conn, subjects, now)
        return _signed_in(conn, user_id, now, client, "password")


def give_code(db: Database, vault: Vault, secret: str, code: str, now: datetime, client: Client) -> SignedIn:
    """The second step: a code of the app, or a recovery code. A wrong one can be followed by another one.

    Raises SignInRefusedError, LockedOutError, SecretsError where the app's secret cannot be opened.
    """
    with db.write() as conn:
        link = one_time_links.find_link(conn, secret, "code", now)
        if link is None:
            raise SignInRefusedError("This took too long. Sign in again.")
        subjects = _subjects(get_account(conn, link.user_id).email, client)
        if tries.begin(conn, subjects, now):
            audit.note(conn, link.user_id, "sign_in.locked_out", f"user:{link.user_id}", now, by=_WEB)
    with db.write() as conn:
        if not totp.check(conn, vault, link.user_id, code, now):
            raise SignInRefusedError("This code is not right. Each works once: wait for the next one.")
        if one_time_links.use_link(conn, secret, "code", now) is None:
            raise SignInRefusedError("This took too long. Sign in again.")
        _succeed(conn, subjects, now)
        return _signed_in(conn, link.user_id, now, client, "password+code")


def by_link(conn: sa.Connection, secret: str, now: datetime, client: Client) -> SignedIn:
    """Sign in with a link of the purpose `sign_in`, which an admin has made. Raises SignInRefusedError."""
    user_id = one_time_links.use_link(conn, secret, "sign_in", now)
    if user_id is None:
        raise SignInRefusedError("This link was used already, or is too old. Ask for another one.")
    tries.forgive(conn, _by_address(get_account(conn, user_id).email))
    return _signed_in(conn, user_id, now, client, "link")


def set_password_by_link(
    db: Database, secret: str, purpose: one_time_links.Purpose, password: str, now: datetime
) -> int:
    """Set a password with a link of the purpose `invite` or `reset`; returns its person, who is to sign in then.

    All the person's browsers are signed out. Raises PasswordError, which leaves the link as it was; SignInRefusedError.
    """
    gone = "This link was used already, or is too old. Ask for another one."
    with db.read() as conn:
        link = one_time_links.find_link(conn, secret, purpose, now)
        if link is None or purpose not in ("invite", "reset"):
            raise SignInRefusedError(gone)
        email = get_account(conn, link.user_id).email
    hashed = passwords.hash_password(password, email=email)
    with db.write() as conn:
        if one_time_links.use_link(conn, secret, purpose, now) is None:
            raise SignInRefusedError(gone)
        _store(conn, link.user_id, hashed, now)
        conn.execute(sa.update(users).where(users.c.id == link.user_id).values(is_verified=True))
        tries.forgive(conn, _by_address(email))
        audit.note(conn, link.user_id, f"password.{purpose}", f"user:{link.user_id}", now, by=_WEB)
    return link.user_id


def change_password(db: Database, user_id: int, old: str, new: str, now: datetime, *, keep: int) -> str:
    """Change one's own password. All other browsers than the session `keep` are signed out; returns its new secret.

    `old` is not looked at for who has none yet. Raises PasswordError, SignInRefusedError, LockedOutError.
    """
    with db.write() as conn:
        account, stored = get_account(conn, user_id), passwords.stored_of(conn, user_id)
        subject = _by_address(account.email)
        tries.begin(conn, [subject], now)
    if account.has_password and not passwords.verify(stored, old):
        raise SignInRefusedError("The present password is not right.")
    with db.write() as conn:
        tries.give_back(conn, subject, now)
    hashed = passwords.hash_password(new, email=account.email)
    with db.write() as conn:
        _store(conn, user_id, hashed, now, keep=keep)
        audit.note(conn, user_id, "password.changed", f"user:{user_id}", now, by=_WEB)
        return sessions.renew_session(conn, keep)


def switch_off_second_factor(db: Database, vault: Vault, user_id: int, code: str, now: datetime) -> None:
    """Ask a person for no code any more, who proves with one that it is not somebody at a browser left open.

    Raises SignInRefusedError, LockedOutError, SecretsError where the app's secret cannot be opened.
    """
    with db.write() as conn:
        subject = _by_address(get_account(conn, user_id).email)
        tries.begin(conn, [subject], now)
    with db.write() as conn:
        if not totp.check(conn, vault, user_id, code, now):
            raise SignInRefusedError("This code is not right. Each works once: wait for the next one.")
        tries.give_back(conn, subject, now)
        totp.switch_off(conn, user_id)
        audit.note(conn, user_id, "second_factor.off", f"user:{user_id}", now, by=_WEB)


def _store(conn: sa.Connection, user_id: int, hashed: str, now: datetime, *, keep: int | None = None) -> None:
    passwords.store(conn, user_id, hashed)
    sessions.end_sessions(conn, user_id, but=keep)
    one_time_links.end_links(conn, user_id, now)


def _signed_in(conn: sa.Connection, user_id: int, now: datetime, client: Client, how: str) -> SignedIn:
    conn.execute(sa.update(users).where(users.c.id == user_id).values(last_login=now))
    audit.note(conn, user_id, "sign_in", f"user:{user_id}", now, by=_WEB, details={"how": how})
    return SignedIn(user_id, sessions.create_session(conn, user_id, now, agent=client.agent, by=how))


def _succeed(conn: sa.Connection, subjects: list[Subject], now: datetime) -> None:
    """Who has succeeded may fail again; a client with one right password does not win tries for other people's."""
    tries.forgive(conn, subjects[0])
    for subject in subjects[1:]:
        tries.give_back(conn, subject, now)


def _subjects(email: str, client: Client) -> list[Subject]:
    by_client = [] if client.address is None else [tries.of_client("sign_in", client.address, FREE_BY_CLIENT)]
    return [_by_address(email), *by_client]


def _by_address(email: str) -> Subject:
    return Subject("address", email[:MAX_EMAIL].strip().lower(), FREE_BY_ADDRESS)
