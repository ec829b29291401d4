"""Tokens: shown once, kept as a hash, taken until they end."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.ai.support import OWNER, another_person

from personal_assistant.people.tokens import (
    TokenError,
    TokenNotFoundError,
    authenticate,
    create_token,
    list_tokens,
    note_use,
    revoke_token,
)
from personal_assistant.store.database import Database
from personal_assistant.store.tables import api_tokens
from personal_assistant.timing.clock import ManualClock


def test_only_the_hash_of_a_secret_is_kept(db: Database, clock: ManualClock) -> None:
    with db.write() as conn:
        made = [create_token(conn, OWNER, "phone", ["write"], None, clock.now()) for _ in range(50)]
        secrets = {secret for _, secret in made}
        assert len(secrets) == 50
        assert {len(secret) for secret in secrets} == {47}
        kept = str(conn.execute(sa.select(api_tokens)).all())
        assert not any(secret in kept for secret in secrets)
        token, secret = made[0]
        assert secret.startswith(token.prefix)
        caller = authenticate(conn, secret, clock.now())
        assert caller is not None
        assert (caller.user_id, caller.token_id, caller.scopes) == (OWNER, token.id, frozenset({"read", "write"}))
        for other in (secret[:-1], secret + "x", secret.swapcase(), token.prefix, "", "\ud800" * 47, "\0" * 47):
            assert authenticate(conn, other, clock.now()) is None


def test_use_is_noted_once_a_minute(db: Database, clock: ManualClock) -> None:
    with db.write() as conn:
        token, secret = create_token(conn, OWNER, "phone", ["read"], None, clock.now())
        due = []
        for _ in range(4):
            caller = authenticate(conn, secret, clock.now())
            assert caller is not None
            due.append(caller.note_due)
            if caller.note_due:
                note_use(conn, token.id, clock.now())
            clock.advance(30)
        assert due == [True, False, True, False]
        assert list_tokens(conn, OWNER)[0].last_used_at == clock.now() - timedelta(seconds=60)


def test_what_a_token_cannot_be(db: Database, clock: ManualClock) -> None:
    other, now = another_person(db), clock.now()
    with db.write() as conn:
        for name in ("", " ", "x" * 61, "a\nb", "\x1b[31m"):
            with pytest.raises(TokenError, match="printable"):
                create_token(conn, OWNER, name, ["read"], None, now)
        for scopes in ([], ["all"], ["read", ""]):
            with pytest.raises(TokenError, match="scopes"):
                create_token(conn, OWNER, "x", scopes, None, now)
        with pytest.raises(TokenError, match="past"):
            create_token(conn, OWNER, "x", ["read"], now, now)
        with pytest.raises(TokenError, match="of an admin"):
            create_token(conn, other, "x", ["admin"], None, now)
        assert list_tokens(conn, OWNER) == list_tokens(conn, other) == []


def test_one_removes_only_ones_own(db: Database, clock: ManualClock) -> None:
    other = another_person(db)
    with db.write() as conn:
        token, secret = create_token(conn, OWNER, "phone", ["admin", "read"], None, clock.now())
        assert token.scopes == ["read", "admin"]
        for token_id in (token.id, 2**40):
            with pytest.raises(TokenNotFoundError):
                revoke_token(conn, other, token_id, clock.now())
        assert authenticate(conn, secret, clock.now()) is not None
        first = revoke_token(conn, OWNER, token.id, clock.now())
        clock.advance(60)
        assert revoke_token(conn, OWNER, token.id, clock.now()) == first
        assert authenticate(conn, secret, clock.now()) is None
        assert list_tokens(conn, OWNER) == []
