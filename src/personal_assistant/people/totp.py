"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes in their place."""

import base64
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import pyotp
import sqlalchemy as sa

from personal_assistant.errors import AssistantError
from personal_assistant.store.secrets import Vault
from personal_assistant.store.tables import recovery_codes, second_factors

ISSUER = "Personal assistant"
RECOVERY_CODES = 10
_STEP_SECONDS = 30
_DIGITS = 6
# Clocks differ: the code before and the one after are right, too.
_STEPS = (0, -1, 1)
_RECOVERY_BYTES = 10
_RECOVERY_LENGTH = 16
_LONGEST = 40


class SecondFactorError(AssistantError):
    """The second factor cannot be changed like that; says why."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is given: the secret to type, or the same as a URI for a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def is_on(conn: sa.Connection, user_id: int) -> bool:
    """Whether a person is asked for a code."""
    chosen = sa.select(second_factors.c.id).where(
        second_factors.c.user_id == user_id, second_factors.c.confirmed_at.is_not(None)
    )
    return conn.execute(chosen).first() is not None


def enrol(conn: sa.Connection, vault: Vault, user_id: int, email: str, now: datetime) -> Enrolment:
    """A new secret for a person's app, which counts once `confirm` was given a right code.

    Raises SecondFactorError where one counts already, SecretsError where nothing can be sealed.
    """
    if is_on(conn, user_id):
        raise SecondFactorError("A second factor is set up already. Switch it off first.")
    conn.execute(sa.delete(second_factors).where(second_factors.c.user_id == user_id))
    secret = pyotp.random_base32()
    row = {"user_id": user_id, "created_at": now}
    made = conn.execute(sa.insert(second_factors).values(row).returning(second_factors.c.id)).scalar_one()
    sealed = vault.seal(secret, f"{second_factors.name}:{made}")
    conn.execute(sa.update(second_factors).where(second_factors.c.id == made).values(sealed=sealed))
    return _enrolment(secret, email)


def waiting(conn: sa.Connection, vault: Vault, user_id: int, email: str) -> Enrolment | None:
    """What a person's app was given and waits for its first right code. Raises SecretsError."""
    chosen = sa.select(second_factors).where(
        second_factors.c.user_id == user_id,
        second_factors.c.confirmed_at.is_(None),
        second_factors.c.sealed.is_not(None),
    )
    row = conn.execute(chosen).one_or_none()
    return None if row is None else _enrolment(vault.open(row.sealed, f"{second_factors.name}:{row.id}"), email)


def confirm(conn: sa.Connection, vault: Vault, user_id: int, code: str, now: datetime) -> list[str]:
    """Have the second factor count from now on; returns recovery codes, which cannot be had again.

    Raises SecondFactorError for a wrong code, and where nothing waits to be confirmed.
    """
    if is_on(conn, user_id):
        raise SecondFactorError("A second factor is set up already.")
    if not _use_code(conn, vault, user_id, _digits(code), now):
        raise SecondFactorError("This code is not right. Wait for the next one, and check the clock of the device.")
    conn.execute(sa.update(second_factors).where(second_factors.c.user_id == user_id).values(confirmed_at=now))
    return new_recovery_codes(conn, user_id)


def new_recovery_codes(conn: sa.Connection, user_id: int) -> list[str]:
    """Ten new recovery codes in place of those that there are; each works once."""
    conn.execute(sa.delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    made = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    conn.execute(sa.insert(recovery_codes), [{"user_id": user_id, "hash": _hash(it)} for it in made])
    return ["-".join(it[at : at + 4] for at in range(0, _RECOVERY_LENGTH, 4)).lower() for it in made]


def check(conn: sa.Connection, vault: Vault, user_id: int, code: str, now: datetime) -> bool:
    """Use up a code of the app, or a recovery code; false for what is neither, or was used before.

    Raises SecretsError where the app's secret cannot be opened; a recovery code still works then.
    """
    text = code[:_LONGEST].replace("-", "").replace(" ", "").upper()
    if len(text) == _RECOVERY_LENGTH and text.isascii():
        used = sa.delete(recovery_codes).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.hash == _hash(text)
        )
        return conn.execute(used).rowcount == 1
    return is_on(conn, user_id) and _use_code(conn, vault, user_id, _digits(code), now)


def switch_off(conn: sa.Connection, user_id: int) -> None:
    """Ask a person for no code any more."""
    for table in (second_factors, recovery_codes):
        conn.execute(sa.delete(table).where(table.c.user_id == user_id))


def _enrolment(secret: str, email: str) -> Enrolment:
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER))


def _use_code(conn: sa.Connection, vault: Vault, user_id: int, code: str, now: datetime) -> bool:
    chosen = sa.select(second_factors).where(second_factors.c.user_id == user_id).with_for_update()
    row = conn.execute(chosen).one_or_none()
    if row is None or row.sealed is None or len(code) != _DIGITS:
        return False
    otp = pyotp.TOTP(vault.open(row.sealed, f"{second_factors.name}:{row.id}"))
    present = int(now.timestamp()) // _STEP_SECONDS
    right = [it for it in _STEPS if hmac.compare_digest(otp.generate_otp(present + it), code)]
    later = [present + it for it in right if present + it > row.last_step]
    if not later:
        return False
    conn.execute(sa.update(second_factors).where(second_factors.c.id == row.id).values(last_step=min(later)))
    return True


def _digits(code: str) -> str:
    text = code[:_LONGEST].replace(" ", "")
    return text if text.isascii() and text.isdigit() else ""


def _hash(code: str) -> str:
    # 80 random bits: no slow hash is needed.
    return sha256(code.encode()).hexdigest()
