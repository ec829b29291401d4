"""The second factor: codes in their time, each once; recovery codes; a lock that holds for codes, too."""

from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from tests.people.support import BROWSER, EMAIL, PASSWORD, code_needed, member, signed_in

from personal_assistant.people import totp
from personal_assistant.people.accounts import get_account
from personal_assistant.people.sessions import find_session
from personal_assistant.people.signing_in import CodeNeeded, SignInRefusedError, give_code, sign_in
from personal_assistant.people.totp import SecondFactorError
from personal_assistant.people.tries import LockedOutError
from personal_assistant.store.database import Database
from personal_assistant.store.resealing import rotate
from personal_assistant.store.secrets import Vault
from personal_assistant.store.tables import recovery_codes, second_factors
from personal_assistant.timing.clock import ManualClock

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def user_id(db: Database, clock: ManualClock) -> int:
    return member(db, clock)


def enrolled(db: Database, vault: Vault, user_id: int, clock: ManualClock) -> tuple[pyotp.TOTP, list[str]]:
    """An app with a person's secret, 30 seconds after the second factor was confirmed; and the recovery codes."""
    with db.write() as conn:
        enrolment = totp.enrol(conn, vault, user_id, EMAIL, clock.now())
        app = pyotp.parse_uri(enrolment.uri)
        assert isinstance(app, pyotp.TOTP)
        codes = totp.confirm(conn, vault, user_id, app.at(clock.now()), clock.now())
    clock.advance(30)
    return app, codes


def test_it_counts_when_a_right_code_was_shown(db: Database, vault: Vault, clock: ManualClock, user_id: int) -> None:
    with db.write() as conn:
        first = totp.enrol(conn, vault, user_id, EMAIL, clock.now())
        second = totp.enrol(conn, vault, user_id, EMAIL, clock.now())
        app = pyotp.TOTP(second.secret)
        assert EMAIL.replace("@", "%40") in second.uri
        for wrong in ("", "12345", "1234567", "١٢٣٤٥٦", "abcdef", pyotp.TOTP(first.secret).at(clock.now())):
            with pytest.raises(SecondFactorError):
                totp.confirm(conn, vault, user_id, wrong, clock.now())
        assert not totp.is_on(conn, user_id)
        assert not totp.check(conn, vault, user_id, app.at(clock.now()), clock.now())
    signed_in(db, clock)  # nothing is asked for yet
    with db.write() as conn:
        codes = totp.confirm(
            conn, vault, user_id, f" {app.at(clock.now())[:3]} {app.at(clock.now())[3:]} ", clock.now()
        )
        assert len(set(codes)) == 10
        assert get_account(conn, user_id).has_second_factor
        kept = str(conn.execute(sa.select(second_factors)).all()) + str(conn.execute(sa.select(recovery_codes)).all())
        assert not any(it in kept for it in (second.secret, *codes))
        for again in (totp.enrol, totp.confirm):
            with pytest.raises(SecondFactorError):
                again(conn, vault, user_id, "x", clock.now())


def test_a_code_is_right_for_a_step_before_and_after_and_once(
    db: Database, vault: Vault, clock: ManualClock, user_id: int
) -> None:
    app, _ = enrolled(db, vault, user_id, clock)
    clock.advance(300)
    now = clock.now()
    codes = {steps: app.at(now + timedelta(seconds=30 * steps)) for steps in (-2, -1, 0, 1, 2)}
    with db.write() as conn:
        taken = {steps: totp.check(conn, vault, user_id, code, now) for steps, code in codes.items()}
        assert taken == {-2: False, -1: True, 0: True, 1: True, 2: False}
        assert not any(totp.check(conn, vault, user_id, code, now) for code in codes.values())
        clock.advance(30)
        assert not totp.check(conn, vault, user_id, codes[1], clock.now())
        assert totp.check(conn, vault, user_id, codes[2], clock.now())


@SQLITE
def test_signing_in_with_a_code(db: Database, vault: Vault, clock: ManualClock, user_id: int) -> None:
    app, codes = enrolled(db, vault, user_id, clock)
    secret = code_needed(db, clock)
    with pytest.raises(SignInRefusedError):
        give_code(db, vault, secret, "000000", clock.now(), BROWSER)
    got = give_code(db, vault, secret, app.at(clock.now()), clock.now(), BROWSER)
    with db.read() as conn:
        assert find_session(conn, got.secret, clock.now()) is not None
    clock.advance(30)
    with pytest.raises(SignInRefusedError, match="too long"):  # the second step is taken once
        give_code(db, vault, secret, app.at(clock.now()), clock.now(), BROWSER)
    secret = code_needed(db, clock)
    give_code(db, vault, secret, codes[3].upper().replace("-", " "), clock.now(), BROWSER)
    with pytest.raises(SignInRefusedError):
        give_code(db, vault, code_needed(db, clock), codes[3], clock.now(), BROWSER)
    secret = code_needed(db, clock)
    clock.advance(600)
    with pytest.raises(SignInRefusedError, match="too long"):
        give_code(db, vault, secret, app.at(clock.now()), clock.now(), BROWSER)


def test_who_knows_the_password_cannot_guess_on(db: Database, vault: Vault, clock: ManualClock, user_id: int) -> None:
    app, _ = enrolled(db, vault, user_id, clock)
    wrong = 0
    with pytest.raises(LockedOutError):
        for _ in range(50):  # the password in between wins no further tries
            secret = code_needed(db, clock)
            with pytest.raises(SignInRefusedError):
                give_code(db, vault, secret, "000000", clock.now(), BROWSER)
            wrong += 1
    assert wrong == 10
    with pytest.raises(LockedOutError):
        give_code(db, vault, secret, app.at(clock.now()), clock.now(), BROWSER)


@SQLITE
def test_it_outlives_a_rotation_of_keys_and_can_be_switched_off(
    db: Database, vault: Vault, clock: ManualClock, user_id: int
) -> None:
    app, codes = enrolled(db, vault, user_id, clock)
    assert rotate(db, vault).resealed == 1
    with db.write() as conn:
        assert totp.check(conn, vault, user_id, app.at(clock.now()), clock.now())
        fresh = totp.new_recovery_codes(conn, user_id)
        assert not totp.check(conn, vault, user_id, codes[0], clock.now())
        assert totp.check(conn, vault, user_id, fresh[0], clock.now())
        totp.switch_off(conn, user_id)
        assert not totp.check(conn, vault, user_id, fresh[1], clock.now())
    assert not isinstance(sign_in(db, EMAIL, PASSWORD, clock.now(), BROWSER), CodeNeeded)
