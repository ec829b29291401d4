"""Signing in: who gets in, who is locked out and for how long, and that failures tell nothing."""

from datetime import timedelta
from threading import Barrier, Thread

import bcrypt
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.people.conftest import REAL_HASHER
from tests.people.support import BROWSER, BY_OWNER, EMAIL, OWNER, PASSWORD, member, signed_in
from tests.support.databases import START

from personal_assistant.people import passwords, tries
from personal_assistant.people.accounts import deactivate, get_account
from personal_assistant.people.audit import list_entries
from personal_assistant.people.one_time_links import create_link
from personal_assistant.people.passwords import PasswordError, stored_of
from personal_assistant.people.sessions import create_session, find_session
from personal_assistant.people.signing_in import (
    FREE_BY_ADDRESS,
    FREE_BY_CLIENT,
    Client,
    SignInRefusedError,
    by_link,
    change_password,
    set_password_by_link,
    sign_in,
)
from personal_assistant.people.tries import LockedOutError, Subject
from personal_assistant.store.database import Database
from personal_assistant.store.tables import metadata, sign_in_tries, users
from personal_assistant.timing.clock import ManualClock

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOWHERE = Client(None, "")


def refused(db: Database, clock: ManualClock, email: str = EMAIL, client: Client = NOWHERE) -> str:
    """What is said to a wrong password."""
    with pytest.raises(SignInRefusedError) as error:
        sign_in(db, email, "wrong", clock.now(), client)
    return str(error.value)


def locked(db: Database, clock: ManualClock, email: str = EMAIL, client: Client = NOWHERE) -> timedelta:
    """For how long even the right password is not looked at."""
    with pytest.raises(LockedOutError) as error:
        sign_in(db, email, PASSWORD, clock.now(), client)
    return error.value.until - clock.now()


def test_the_right_password_signs_in_with_a_new_session_each_time(db: Database, clock: ManualClock) -> None:
    user_id = member(db, clock)
    got = [signed_in(db, clock, email) for email in (EMAIL, EMAIL.upper(), f" {EMAIL} ")]
    assert {it.user_id for it in got} == {user_id}
    assert len({it.secret for it in got}) == 3
    assert got[0].secret not in repr(got)
    with db.read() as conn:
        assert all(find_session(conn, it.secret, clock.now()) for it in got)
        assert get_account(conn, user_id).last_login == clock.now()
        assert [it.action for it in list_entries(conn, user_id)] == ["sign_in"] * 3


@SQLITE
def test_a_failure_tells_nothing(db: Database, clock: ManualClock) -> None:
    user_id = member(db, clock)
    said = {
        refused(db, clock, it) for it in (EMAIL, "nobody@example.org", "owner@localhost", "", "x" * 10_000, "\0\ud800")
    }
    with db.write() as conn:
        deactivate(conn, user_id, clock.now(), BY_OWNER)
    with pytest.raises(SignInRefusedError) as error:
        sign_in(db, EMAIL, PASSWORD, clock.now(), NOWHERE)
    assert said == {str(error.value)}
    for wrong in ("", "\0", "\ud800", "x" * 100_000, "!"):
        with pytest.raises(SignInRefusedError):
            sign_in(db, "owner@localhost", wrong, clock.now(), NOWHERE)


@SQLITE
def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(db, clock)
    refused(db, clock, "nobody@example.org")  # the first makes the hash of nobody
    counted: list[str] = []

    class Counting:
        def verify(self, stored: str, password: bytes) -> bool:
            counted.append(stored.rsplit("$", 2)[0])
            return hasher.verify(stored, password)

    hasher = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    for email in (EMAIL, "nobody@example.org", "owner@localhost"):
        refused(db, clock, email)
    assert len(counted) == 3
    assert len(set(counted)) == 1  # the same parameters


def test_ten_failures_lock_and_each_further_one_doubles_it(db: Database, clock: ManualClock) -> None:
    user_id = member(db, clock)
    for email in (EMAIL, "nobody@example.org"):  # whether there is somebody does not show
        for _ in range(FREE_BY_ADDRESS):
            refused(db, clock, email)
        for minutes in (15, 30, 60, 120, 240, 480, 960, 1440, 1440):
            assert locked(db, clock, email) == timedelta(minutes=minutes)
            clock.advance(minutes * 60 - 1)
            assert locked(db, clock, email) == timedelta(seconds=1)
            clock.advance(1)
            refused(db, clock, email)
        locked(db, clock, email)
    clock.advance(24 * 3600)
    signed_in(db, clock)
    for _ in range(FREE_BY_ADDRESS - 1):  # forgotten with the success
        refused(db, clock)
    signed_in(db, clock)
    with db.read() as conn:
        assert {it.user_id for it in list_entries(conn, None, action="sign_in.locked_out")} == {user_id}


def test_a_link_gets_in_where_others_have_locked_a_person_out(db: Database, clock: ManualClock) -> None:
    user_id = member(db, clock)
    for _ in range(FREE_BY_ADDRESS):
        refused(db, clock)
    locked(db, clock)
    with db.write() as conn:
        link = create_link(conn, user_id, "sign_in", clock.now())
        assert by_link(conn, link, clock.now(), BROWSER).user_id == user_id
        with pytest.raises(SignInRefusedError):
            by_link(conn, link, clock.now(), BROWSER)
    signed_in(db, clock)


def test_one_client_is_locked_whatever_addresses_it_tries(db: Database, clock: ManualClock) -> None:
    member(db, clock)
    near, far = Client("2001:db8::1", ""), Client("2001:db8:0:1::1", "")
    for number in range(FREE_BY_CLIENT - 1):
        if number % 10 == 0:  # a right password of one's own does not win more tries
            sign_in(db, EMAIL, PASSWORD, clock.now(), near)
        refused(db, clock, f"nobody-{number}@example.org", near)
    refused(db, clock, "nobody@example.org", Client("2001:db8::ffff:1", ""))
    assert locked(db, clock, EMAIL, near) == timedelta(minutes=15)
    sign_in(db, EMAIL, PASSWORD, clock.now(), far)


def test_many_tries_at_once_are_not_more_than_allowed(db: Database, clock: ManualClock) -> None:
    member(db, clock)
    start, said = Barrier(16), list[str]()

    def attempt() -> None:
        start.wait()
        try:
            sign_in(db, EMAIL, "wrong", clock.now(), BROWSER)
        except (SignInRefusedError, LockedOutError) as error:
            said.append(type(error).__name__)

    threads = [Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["LockedOutError"] * 6 + ["SignInRefusedError"] * 10


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40 * 3600)), max_size=40))
def test_how_long_a_lock_lasts_follows_from_the_failures(steps: list[tuple[bool, int]]) -> None:
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine, tables=[sign_in_tries])
    clock, subject = ManualClock(START), Subject("address", "x", 3)
    failures, quiet_from, until = 0, START, START
    with engine.begin() as conn:
        for right, pause in steps:
            clock.advance(pause)
            now = clock.now()
            if now < until:
                with pytest.raises(LockedOutError) as error:
                    tries.begin(conn, [subject], now)
                assert error.value.until == until
                continue
            failures = 1 if now - quiet_from >= timedelta(hours=24) else failures + 1
            assert tries.begin(conn, [subject], now) == (failures >= 3)
            quiet_from = until = now
            if failures >= 3:
                quiet_from = until = now + min(timedelta(minutes=15) * 2 ** (failures - 3), timedelta(hours=24))
            if right:
                tries.forgive(conn, subject)
                failures, until = 0, now
    engine.dispose()


@SQLITE
def test_hashes_of_the_earlier_scheduler_verify_and_are_upgraded(db: Database, clock: ManualClock) -> None:
    old = "$2b$10$ADf2fFxNtuSEyIT9YR0uIuuP0DeSTeWIPN.4ty30i738euu./hEoO"  # of the samples
    with db.write() as conn:
        for number, hashed in enumerate((old, bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode(), "$2b$10$broken")):
            row = {"email": f"{number}@example.org", "hashed_password": hashed, "is_active": None if number else True}
            conn.execute(sa.insert(users).values(id=50 + number, **row))
    refused(db, clock, "0@example.org")
    refused(db, clock, "2@example.org")
    for _ in range(2):
        assert signed_in(db, clock, "0@example.org", "legacy-password").user_id == 50
        with db.read() as conn:
            assert stored_of(conn, 50).startswith("$argon2id$")
    assert signed_in(db, clock, "1@example.org", "x" * 72 + "more").user_id == 51  # bcrypt looked at 72 bytes


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 201, "aaaabbbbcccc", EMAIL, f"my {EMAIL.upper()}!", "grace@example"]
)
def test_what_a_password_cannot_be(password: str) -> None:
    with pytest.raises(PasswordError):
        passwords.hash_password(password, email=EMAIL)


def test_the_real_hashes_are_argon2id_of_rfc_9106() -> None:
    assert REAL_HASHER.hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_link_sets_a_password_and_signs_everybody_out(db: Database, clock: ManualClock) -> None:
    user_id, now = member(db, clock), clock.now()
    with db.write() as conn:
        reset, further, sign = (create_link(conn, user_id, it, now) for it in ("reset", "reset", "sign_in"))
        session = create_session(conn, user_id, now, agent="", by="link")
    with pytest.raises(PasswordError):
        set_password_by_link(db, reset, "reset", "short", now)  # and the link is still good
    for secret, purpose in ((reset, "invite"), (sign, "sign_in"), ("x", "reset")):
        with pytest.raises(SignInRefusedError):
            set_password_by_link(db, secret, purpose, "a new password", now)  # type: ignore[arg-type]
    assert set_password_by_link(db, reset, "reset", "a new password", now) == user_id
    for secret in (reset, further):
        with pytest.raises(SignInRefusedError):
            set_password_by_link(db, secret, "reset", "another password", now)
    with db.read() as conn:
        assert find_session(conn, session, now) is None
        assert list_entries(conn, user_id)[0].action == "password.reset"
    signed_in(db, clock, password="a new password")
    refused(db, clock)


@SQLITE
def test_changing_ones_password_keeps_only_ones_own_browser(db: Database, clock: ManualClock) -> None:
    user_id, now = member(db, clock), clock.now()
    mine, other = signed_in(db, clock), signed_in(db, clock)
    with db.read() as conn:
        session = find_session(conn, mine.secret, now)
    assert session is not None
    with pytest.raises(SignInRefusedError):
        change_password(db, user_id, "wrong", "a new password", now, keep=session.id)
    with pytest.raises(PasswordError):
        change_password(db, user_id, PASSWORD, "short", now, keep=session.id)
    renewed = change_password(db, user_id, PASSWORD, "a new password", now, keep=session.id)
    with db.write() as conn:
        goes_on = find_session(conn, renewed, now)
        assert goes_on is not None and goes_on.id == session.id
        assert find_session(conn, mine.secret, now) is find_session(conn, other.secret, now) is None
        owners = find_session(conn, create_session(conn, OWNER, now, agent="", by="link"), now)
    assert owners is not None
    signed_in(db, clock, password="a new password")
    change_password(db, OWNER, "", "the first password", now, keep=owners.id)  # who has none yet
    assert signed_in(db, clock, "owner@localhost", "the first password").user_id == OWNER
