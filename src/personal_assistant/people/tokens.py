"""Personal API tokens: secrets that a person gives to programs. Only their SHA-256 is kept."""

import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.people import audit
from personal_assistant.people.accounts import IS_ADMIN, ITS_ROLE, is_admin
from personal_assistant.store.people import get_person
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import api_tokens, roles, users
from personal_assistant.store.types import fits

READ, WRITE, ADMIN = "read", "write", "admin"
# What each scope allows, itself included.
ALLOWS = {READ: {READ}, WRITE: {READ, WRITE}, ADMIN: {READ, WRITE, ADMIN}}
_START = "pat_"
_ALPHABET = string.digits + string.ascii_letters
# 62 to this power is more than 2 to the 256th.
_LENGTH = 43
_SHOWN = len(_START) + 6
_MAX_NAME = 60
_NOTE_EVERY = timedelta(minutes=1)


class TokenError(AssistantError):
    """A token cannot be as it was asked for."""


class TokenNotFoundError(TokenError):
    """No token of that person has that id."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as lists show it; `prefix` is how its secret begins."""

    id: int
    user_id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, with which token, and all that it allows. `note_due`: its use has not been noted for a minute."""

    user_id: int
    token_id: int
    scopes: frozenset[str]
    note_due: bool
    expires_at: datetime | None = None


# Made once: every request begins with it.
_KNOWN = (
    sa.select(
        api_tokens.c.user_id,
        api_tokens.c.id,
        api_tokens.c.scopes,
        api_tokens.c.last_used_at,
        api_tokens.c.expires_at,
        IS_ADMIN,
    )
    .join(users, users.c.id == api_tokens.c.user_id)
    .outerjoin(roles, ITS_ROLE)
    .where(
        api_tokens.c.hash == sa.bindparam("secret_hash"),
        api_tokens.c.revoked_at.is_(None),
        sa.or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > sa.bindparam("now")),
        users.c.is_active.is_not(sa.false()),
        users.c.removed_at.is_(None),
    )
)
_COLUMNS = tuple(api_tokens.c[name] for name in Token.__dataclass_fields__)


def create_token(
    conn: sa.Connection,
    user_id: int,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None,
    now: datetime,
    *,
    by: str = "cli",
) -> tuple[Token, str]:
    """A new token of a person, and its secret, which cannot be had again. `expires_at` None: it does not end by itself.

    `by` is through what it is made, for the audit.

    Raises TokenError for a name, scopes or an end that cannot be; PersonNotFoundError.
    """
    name = _checked_name(name)
    if not scopes or not ALLOWS.keys() >= set(scopes):
        raise TokenError(f"The scopes of a token are one or more of {', '.join(ALLOWS)}.")
    if expires_at is not None and expires_at <= now:
        raise TokenError("This end lies in the past. Give a time that is still to come.")
    if ADMIN in scopes and not is_admin(conn, user_id):
        raise TokenError("Only the tokens of an admin can have the scope admin.")
    secret = _START + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    inserted = conn.execute(
        sa.insert(api_tokens).values(
            user_id=get_person(conn, user_id).id,
            name=name,
            prefix=secret[:_SHOWN],
            hash=_hash(secret),
            scopes=[scope for scope in ALLOWS if scope in scopes],
            created_at=now,
            expires_at=expires_at,
        )
    )
    assert inserted.inserted_primary_key is not None
    token = _find(conn, user_id, inserted.inserted_primary_key[0])
    audit.note(conn, user_id, "token.made", f"token:{token.id}", now, by=by, details={"scopes": token.scopes})
    return token, secret


def within(caller: Caller, scopes: Collection[str], expires_at: datetime | None) -> None:
    """Raise TokenError for a token that would allow more, or last longer, than the one that asks for it."""
    if not caller.scopes.issuperset(scopes):
        raise TokenError("A token cannot make one that may do more than itself.")
    if caller.expires_at is not None and (expires_at is None or expires_at > caller.expires_at):
        raise TokenError("A token that ends cannot make one that ends later. Give `expires_at`.")


def list_tokens(conn: sa.Connection, user_id: int) -> list[Token]:
    """A person's tokens that were not revoked, the newest first; those whose time is over too."""
    chosen = sa.select(*_COLUMNS).where(api_tokens.c.user_id == user_id, api_tokens.c.revoked_at.is_(None))
    return [Token(*row) for row in conn.execute(chosen.order_by(api_tokens.c.id.desc()))]


def revoke_token(conn: sa.Connection, user_id: int, token_id: int, now: datetime, *, by: str = "cli") -> Token:
    """Take a token no more; returns it. Raises TokenNotFoundError for an id that is not that person's."""
    token = _find(conn, user_id, token_id)
    if token.revoked_at is None:
        conn.execute(sa.update(api_tokens).where(api_tokens.c.id == token_id).values(revoked_at=now))
        audit.note(conn, user_id, "token.removed", f"token:{token_id}", now, by=by)
    return _find(conn, user_id, token_id)


def authenticate(conn: sa.Connection, secret: str, now: datetime) -> Caller | None:
    """Whose secret this is; None for one that is nobody's, was revoked, has expired, or whose person is switched off.

    It is looked up by its hash, so that the time this takes tells nothing about secrets that there are.
    """
    if len(secret) != len(_START) + _LENGTH:
        return None
    row = conn.execute(_KNOWN, {"secret_hash": _hash(secret), "now": now}).one_or_none()
    if row is None:
        return None
    # Who is no admin any more is left with the rest.
    allowed = _allowed(row.scopes) - (frozenset() if row.is_admin else {ADMIN})
    return Caller(row.user_id, row.id, allowed, _note_due(row, now), row.expires_at)


def note_use(conn: sa.Connection, token_id: int, now: datetime) -> None:
    """Note that a token was used now."""
    conn.execute(sa.update(api_tokens).where(api_tokens.c.id == token_id).values(last_used_at=now))


def _note_due(row: Any, now: datetime) -> bool:
    return row.last_used_at is None or now - row.last_used_at >= _NOTE_EVERY


def _allowed(scopes: Collection[str]) -> frozenset[str]:
    return frozenset().union(*(ALLOWS[scope] for scope in scopes if scope in ALLOWS))


def _checked_name(name: str) -> str:
    name = plain_text(name).strip()
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise TokenError(f"The name of a token has 1 to {_MAX_NAME} printable characters, like «phone».")
    return name


def _find(conn: sa.Connection, user_id: int, token_id: int) -> Token:
    chosen = sa.select(*_COLUMNS).where(api_tokens.c.user_id == user_id, api_tokens.c.id == token_id)
    row = conn.execute(chosen).one_or_none() if fits(api_tokens.c.id, token_id) else None
    if row is None:
        raise TokenNotFoundError(f"There is no token {token_id}. `assistant tokens list` shows yours.")
    return Token(*row)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
