"""People with passwords, and their browsers."""

import pytest
from argon2 import PasswordHasher

from personal_assistant.people import passwords
from personal_assistant.people.accounts import create_account
from personal_assistant.people.audit import Actor
from personal_assistant.people.signing_in import Client, CodeNeeded, SignedIn, sign_in
from personal_assistant.store.database import Database
from personal_assistant.timing.clock import Clock

OWNER = 1
BY_OWNER = Actor(OWNER, "test")
EMAIL, PASSWORD = "grace@example.org", "correct horse battery"
BROWSER = Client("192.0.2.7", "Browser 1.0")


def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of the same kind that cost a thousandth."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()


def member(db: Database, clock: Clock, email: str = EMAIL, role: str = "member") -> int:
    """A person with PASSWORD; returns the id."""
    hashed = passwords.hash_password(PASSWORD, email=email)
    with db.write() as conn:
        made = create_account(conn, email, clock.now(), name="Grace", zone="Europe/Paris", role=role, actor=BY_OWNER)
        passwords.store(conn, made.id, hashed)
    return made.id


def signed_in(db: Database, clock: Clock, email: str = EMAIL, password: str = PASSWORD) -> SignedIn:
    """Sign somebody in who has no second factor."""
    got = sign_in(db, email, password, clock.now(), BROWSER)
    assert isinstance(got, SignedIn)
    return got


def code_needed(db: Database, clock: Clock) -> str:
    """The secret for the second step."""
    got = sign_in(db, EMAIL, PASSWORD, clock.now(), BROWSER)
    assert isinstance(got, CodeNeeded)
    return got.secret
