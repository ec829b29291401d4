"""Passwords: hashed with Argon2id; those of the earlier scheduler are bcrypt until their first use."""

import threading
from functools import lru_cache

import bcrypt
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from personal_assistant.errors import AssistantError
from personal_assistant.store.people import NO_PASSWORD
from personal_assistant.store.tables import users

SHORTEST, LONGEST = 10, 200
# RFC 9106, section 4: the choice for 64 MiB of memory.
_hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
# Each takes its memory and a tenth of a second: a flood of tries waits here and does not fill the machine.
_at_once = threading.BoundedSemaphore(4)
_BCRYPT = ("$2a$", "$2b$", "$2y$")
# What bcrypt looks at.
_BCRYPT_BYTES = 72


class PasswordError(AssistantError):
    """A password that cannot be used; says why."""


def hash_password(password: str, *, email: str) -> str:
    """What is kept of a new password; slow, so not within a transaction. `email` is its person's.

    Raises PasswordError for one that is too short, too long, or easily guessed.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"A password has {SHORTEST} to {LONGEST} characters. A few words in a row are a good one.")
    if len(set(password)) < SHORTEST // 2:
        raise PasswordError("This password repeats a few characters and is easily guessed. Take another one.")
    if email.lower() in password.lower() or password.lower() in email.lower():
        raise PasswordError("This password is easily guessed from the e-mail address. Take another one.")
    return _hash(password)


def verify(stored: str, password: str) -> bool:
    """Whether a password is the one that is kept; slow, so not within a transaction.

    Where nobody has a password (`stored` is no hash), it takes as long as for a wrong one.
    """
    data = _bytes(password)
    with _at_once:
        if stored.startswith(_BCRYPT):
            return _verify_bcrypt(stored, data)
        known = stored.startswith("$argon2")
        try:
            return _hasher.verify(stored if known else _nobodys(), data) and known
        except (VerificationError, InvalidHashError):
            return False


def upgraded(stored: str, password: str) -> str | None:
    """A hash of today's kind for a right password whose hash is older; None where it is not."""
    if stored.startswith("$argon2") and not _hasher.check_needs_rehash(stored):
        return None
    return _hash(password)


def stored_of(conn: sa.Connection, user_id: int | None) -> str:
    """What is kept of a person's password; what no password is kept as, for nobody."""
    found = conn.execute(sa.select(users.c.hashed_password).where(users.c.id == user_id)).scalar()
    return NO_PASSWORD if found is None else found


def store(conn: sa.Connection, user_id: int, hashed: str) -> None:
    """Keep a person's new hash."""
    conn.execute(sa.update(users).where(users.c.id == user_id).values(hashed_password=hashed))


def _hash(password: str) -> str:
    with _at_once:
        return _hasher.hash(_bytes(password))


def _bytes(password: str) -> bytes:
    # A longer one is nobody's; it must not cost more than others either.
    return password[: LONGEST + 1].encode("utf-8", "surrogatepass")


def _verify_bcrypt(stored: str, password: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_BCRYPT_BYTES], stored.encode())
    except ValueError:
        return False


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash(b"the password of nobody")
