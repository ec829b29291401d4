"""Who uses this assistant: found, invited, edited, switched off. The owner is always an admin."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.people import audit
from personal_assistant.people.audit import Actor
from personal_assistant.people.one_time_links import end_links
from personal_assistant.people.sessions import end_sessions
from personal_assistant.store.people import NO_PASSWORD
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import api_tokens, recovery_codes, roles, second_factors, users
from personal_assistant.store.types import bounded, fits
from personal_assistant.timing.zones import UnknownZoneError, get_zone

# How the table of roles names them: the first is ours, the others may stand in one of the earlier scheduler.
_ROLE_NAMES = {"member": ("user", "member"), "admin": ("administrator", "admin")}
ROLES = tuple(_ROLE_NAMES)
MAX_EMAIL = 254
MAX_NAME = 100
DEFAULT_LANGUAGE = "en"
# A bound on what one assistant is made for: a household, a team.
MOST_PEOPLE = 10_000
# One @, no white space, a dot or a plain name behind it; what a mail server takes in detail, it says itself.
_EMAIL = re.compile(r"[^@\s<>(),;:\"\[\]\\]{1,64}@[^@\s<>(),;:\"\[\]\\]{1,189}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


def _is_role(role: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(roles.c.name).in_(_ROLE_NAMES[role])


# Of a person to whom the row of the role is joined, where there is one.
IS_ADMIN = sa.or_(users.c.is_owner, sa.func.coalesce(_is_role("admin"), sa.false())).label("is_admin")
ITS_ROLE = roles.c.id == users.c.default_role_id
_HAS_FACTOR = sa.exists().where(second_factors.c.user_id == users.c.id, second_factors.c.confirmed_at.is_not(None))
_CHOSEN = (
    sa.select(users, _HAS_FACTOR.label("has_second_factor"), IS_ADMIN)
    .outerjoin(roles, ITS_ROLE)
    .where(users.c.removed_at.is_(None))
)

Role = Literal["member", "admin"]


class AccountError(AssistantError):
    """A person cannot be as it was asked for."""


class AccountNotFoundError(AccountError):
    """No person has that id or address."""


class AccountExistsError(AccountError):
    """Somebody has that e-mail address."""


class AccountChangedError(AccountError):
    """The person's data were changed since they were read."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person, as those may see it who look after people. `zone` is an IANA name, `language` a BCP 47 tag."""

    id: int
    email: str
    full_name: str | None
    zone: str
    language: str
    role: Role
    is_owner: bool
    is_active: bool
    has_password: bool
    has_second_factor: bool
    created_at: datetime | None
    last_login: datetime | None
    revision: int

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


def find_account(conn: sa.Connection, email: str) -> Account | None:
    """The person with that e-mail address, capitals or not."""
    row = conn.execute(_CHOSEN.where(sa.func.lower(users.c.email) == _folded(email)).order_by(users.c.id)).first()
    return None if row is None else _account(row)


def get_account(conn: sa.Connection, user_id: int) -> Account:
    """Somebody by id. Raises AccountNotFoundError."""
    row = conn.execute(_CHOSEN.where(users.c.id == user_id)).one_or_none() if fits(users.c.id, user_id) else None
    if row is None:
        raise AccountNotFoundError(f"There is no person {user_id}. `assistant users list` shows who there is.")
    return _account(row)


def list_accounts(conn: sa.Connection, *, after: int | None = None, limit: int | None = None) -> list[Account]:
    """Everybody, in the order of their ids: those above `after`, at most `limit`."""
    chosen = _CHOSEN.order_by(users.c.id).limit(limit)
    if after is not None:
        chosen = chosen.where(users.c.id > bounded(users.c.id, after))
    return [_account(row) for row in conn.execute(chosen)]


def is_admin(conn: sa.Connection, user_id: int) -> bool:
    """Whether a person may look after others."""
    chosen = _CHOSEN.where(users.c.id == user_id, users.c.is_active.is_not(sa.false()))
    row = conn.execute(chosen).one_or_none()
    return row is not None and _account(row).is_admin


def create_account(
    conn: sa.Connection,
    email: str,
    now: datetime,
    *,
    name: str | None = None,
    zone: str,
    language: str = DEFAULT_LANGUAGE,
    role: str = "member",
    actor: Actor,
) -> Account:
    """A new person without a password, who is to be given a link of the purpose `invite`.

    Raises AccountError for what cannot be, and for an address that somebody has.
    """
    _lock(conn)
    given = {"email": email, "full_name": name, "zone": zone, "language": language, "role": role}
    values = _checked(conn, given)
    if find_account(conn, email) is not None:
        raise AccountExistsError("Somebody has this e-mail address already.")
    if conn.execute(sa.select(sa.func.count()).select_from(users)).scalar_one() >= MOST_PEOPLE:
        raise AccountError(f"There are {MOST_PEOPLE:,} people already, the most that one assistant takes.")
    made = conn.execute(
        sa.insert(users)
        .values(
            **values,
            hashed_password=NO_PASSWORD,
            is_active=True,
            is_verified=False,
            created_at=now,
            updated_at=now,
            role_assigned_at=now,
            role_assigned_by=actor.user_id,
        )
        .returning(users.c.id)
    ).scalar_one()
    _note(conn, actor, "user.invited", made, now, role=role)
    return get_account(conn, made)


def edit_account(
    conn: sa.Connection,
    user_id: int,
    now: datetime,
    changes: dict[str, Any],
    *,
    actor: Actor,
    if_revision: int | None = None,
) -> Account:
    """Change some of email, full_name, zone, language and role.

    A new role signs a person out everywhere. Raises AccountError for what cannot be, AccountNotFoundError, and
    AccountChangedError where `if_revision` is not the present one.
    """
    _lock(conn)
    old = get_account(conn, user_id)
    if if_revision is not None and if_revision != old.revision:
        raise AccountChangedError("This person was changed since you read it. Read it again and repeat your change.")
    values = _checked(conn, changes)
    if not values:
        return old
    if "role" in changes and changes["role"] != old.role:
        if old.is_owner:
            raise AccountError("The owner is always an admin.")
        values |= {"role_assigned_at": now, "role_assigned_by": actor.user_id}
        end_sessions(conn, user_id)
    if "email" in changes:
        other = find_account(conn, changes["email"])
        if other is not None and other.id != user_id:
            raise AccountExistsError("Somebody has this e-mail address already.")
        # What was sent to the old address must not open the door any more.
        end_links(conn, user_id, now, "invite", "reset")
    told = {name: changes[name] for name in ("role",) if name in changes}
    _note(conn, actor, "user.edited", user_id, now, fields=sorted(changes), **told)
    return _write(conn, old, now, values)


def deactivate(conn: sa.Connection, user_id: int, now: datetime, actor: Actor) -> Account:
    """Switch a person off: signed out everywhere, tokens and links not taken. Raises AccountError for the owner."""
    old = get_account(conn, user_id)
    if old.is_owner:
        raise AccountError("The owner cannot be switched off.")
    end_sessions(conn, user_id)
    end_links(conn, user_id, now)
    if not old.is_active:
        return old
    _note(conn, actor, "user.paused", user_id, now)
    return _write(conn, old, now, {"is_active": False})


def reactivate(conn: sa.Connection, user_id: int, now: datetime, actor: Actor) -> Account:
    """Switch a person on again, who then has to sign in anew. Raises AccountNotFoundError."""
    old = get_account(conn, user_id)
    if old.is_active:
        return old
    _note(conn, actor, "user.resumed", user_id, now)
    return _write(conn, old, now, {"is_active": True})


def remove_account(conn: sa.Connection, user_id: int, now: datetime, actor: Actor) -> Account:
    """Take a person's address, name, phone number and every way to sign in out; returns who it was.

    The row stays, since the audit and the history point to it. Raises AccountError for the owner.
    """
    old = get_account(conn, user_id)
    deactivate(conn, user_id, now, actor)
    _note(conn, actor, "user.removed", user_id, now)
    for table in (second_factors, recovery_codes):
        conn.execute(sa.delete(table).where(table.c.user_id == user_id))
    mine = sa.and_(api_tokens.c.user_id == user_id, api_tokens.c.revoked_at.is_(None))
    conn.execute(sa.update(api_tokens).where(mine).values(revoked_at=now))
    nothing = {"email": f"removed-{user_id}@localhost", "full_name": None, "phone_number": None}
    tokens = {"hashed_password": NO_PASSWORD, "verification_token": None, "password_reset_token": None}
    conn.execute(sa.update(users).where(users.c.id == user_id).values(**nothing, **tokens, removed_at=now))
    return old


def _write(conn: sa.Connection, old: Account, now: datetime, values: dict[str, Any]) -> Account:
    changed = {**values, "updated_at": now, "revision": users.c.revision + 1}
    conn.execute(sa.update(users).where(users.c.id == old.id).values(**changed))
    return get_account(conn, old.id)


def _note(conn: sa.Connection, actor: Actor, action: str, user_id: int, now: datetime, **details: Any) -> None:
    audit.note(conn, actor.user_id, action, f"user:{user_id}", now, by=actor.by, details=details)


def _lock(conn: sa.Connection) -> None:
    """Two programs at once are to see each other's addresses and revisions: they wait for the owner's row."""
    conn.execute(sa.select(users.c.id).where(users.c.is_owner).with_for_update())


def _checked(conn: sa.Connection, changes: dict[str, Any]) -> dict[str, Any]:
    """The columns' values. Raises AccountError for what cannot be."""
    checks = {"email": _email, "full_name": _name, "zone": _zone, "language": _language, "role": _role}
    strange = sorted(changes.keys() - checks.keys())
    if strange:
        raise AccountError(f"{strange[0][:MAX_NAME]!r} cannot be changed: {', '.join(checks)} can.")
    values: dict[str, Any] = {name: checks[name](value) for name, value in changes.items()}
    if "role" in values:
        values["default_role_id"] = _role_id(conn, values.pop("role"))
    return values


def _email(value: Any) -> str:
    text = plain_text(value.strip()) if isinstance(value, str) else ""
    if len(text) > MAX_EMAIL or not (text.isascii() and text.isprintable() and _EMAIL.fullmatch(text)):
        raise AccountError("An e-mail address looks like ada@example.org, with at most 254 characters of ASCII.")
    return text


def _name(value: Any) -> str | None:
    text = plain_text(value.strip()) if isinstance(value, str) else None
    if text is not None and (len(text) > MAX_NAME or not text.isprintable()):
        raise AccountError(f"A name has at most {MAX_NAME} printable characters.")
    return text or None


def _zone(value: Any) -> str:
    try:
        return get_zone(value if isinstance(value, str) else "").key
    except UnknownZoneError as error:
        raise AccountError(str(error)) from error


def _language(value: Any) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise AccountError("A language is written like en or pt-BR.")
    return value


def _role(value: Any) -> str:
    if not isinstance(value, str) or value not in ROLES:
        raise AccountError(f"A role is one of {', '.join(ROLES)}.")
    return value


def _role_id(conn: sa.Connection, role: str) -> int:
    """The id of a role's row, which is made where there is none."""
    found = conn.execute(sa.select(roles.c.id).where(_is_role(role)).order_by(roles.c.id)).scalars().first()
    if found is not None:
        return int(found)
    number = (conn.execute(sa.select(sa.func.max(roles.c.id))).scalar() or 0) + 1
    conn.execute(sa.insert(roles).values(id=number, name=_ROLE_NAMES[role][0]))
    return number


def _folded(email: str) -> str:
    return plain_text(email[:MAX_EMAIL].strip()).lower()


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        full_name=row.full_name,
        zone=row.zone or "UTC",
        language=row.language or DEFAULT_LANGUAGE,
        role="admin" if row.is_admin else "member",
        is_owner=row.is_owner,
        # Rows of the earlier scheduler may not say.
        is_active=row.is_active is not False,
        has_password=row.hashed_password.startswith("$"),
        has_second_factor=row.has_second_factor,
        created_at=row.created_at,
        last_login=row.last_login,
        revision=row.revision,
    )
