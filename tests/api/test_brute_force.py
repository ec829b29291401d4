"""Guessing at the door: passwords, codes and links, over HTTP."""

import pyotp
import pytest
from tests.api.asgi import Remote
from tests.api.support import Answer, server
from tests.api.web import Asks, browser, send_form
from tests.people.support import EMAIL, PASSWORD, cheap_hashes, member

from personal_assistant.people import totp
from personal_assistant.people.one_time_links import create_link
from personal_assistant.store.secrets import vault_of
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LOCK_SECONDS = 15 * 60


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


def log_in(client: Asks, email: str = EMAIL, password: str = "wrong", **headers: str) -> Answer:
    return send_form(client, "/login", {"email": email, "password": password}, **headers)


def test_ten_wrong_passwords_lock_an_account(runtime: Runtime, clock: ManualClock) -> None:
    member(runtime.db, clock)
    member(runtime.db, clock, "other@example.org")
    with server(runtime) as client:
        assert [log_in(client).status for _ in range(10)] == [403] * 10
        clock.advance(LOCK_SECONDS - 61)
        right = log_in(client, password=PASSWORD)
        assert (right.status, right.headers["retry-after"], "set-cookie" in right.headers) == (429, "61", False)
        assert "Too many tries have failed. Try again in 2 minutes." in right.text
        assert log_in(client, "other@example.org", PASSWORD).status == 303, "nobody else is locked out"
        clock.advance(61)
        assert log_in(client, password=PASSWORD).status == 303


def test_a_lock_does_not_tell_who_has_an_account(runtime: Runtime, clock: ManualClock) -> None:
    member(runtime.db, clock)
    with server(runtime) as client:
        for email in (EMAIL, "nobody@example.org"):
            assert [log_in(client, email).status for _ in range(11)] == [403] * 10 + [429]
        told = [log_in(client, it).text.replace(it, "") for it in (EMAIL, "nobody@example.org")]
        assert told[0] == told[1]


def test_one_client_cannot_try_one_account_after_the_other(runtime: Runtime, clock: ManualClock) -> None:
    member(runtime.db, clock)
    near, far = Remote(runtime, "203.0.113.7"), Remote(runtime, "203.0.113.8")
    for number in range(50):
        # That it calls itself another one is not believed.
        pretended = {"X_Forwarded_For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
        assert log_in(near, f"nobody-{number}@example.org", **pretended).status == 403
    assert log_in(near, password=PASSWORD, X_Forwarded_For="198.51.100.99").status == 429
    assert log_in(far, password=PASSWORD).status == 303


def test_ten_wrong_codes_lock_an_account(runtime: Runtime, clock: ManualClock) -> None:
    user_id, vault = member(runtime.db, clock), vault_of(runtime.settings)
    with runtime.db.write() as conn:
        app = pyotp.TOTP(totp.enrol(conn, vault, user_id, EMAIL, clock.now()).secret)
        totp.confirm(conn, vault, user_id, app.at(clock.now()), clock.now())
        step = create_link(conn, user_id, "code", clock.now())
    clock.advance(30)
    with server(runtime) as client:

        def give(code: str) -> Answer:
            return send_form(client, "/login", {"step": step, "code": code})

        assert [give("000000").status for _ in range(10)] == [403] * 10
        right = give(app.at(clock.now()))
        assert (right.status, right.headers["retry-after"]) == (429, str(LOCK_SECONDS))
        assert log_in(client, password=PASSWORD).status == 429, "nor does the password win new tries"
        clock.advance(LOCK_SECONDS)
        assert "One more step" in log_in(client, password=PASSWORD).text


def test_links_cannot_be_guessed(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with runtime.db.write() as conn:
        secret = create_link(conn, user_id, "sign_in", clock.now())
    assert len(secret) >= 43, "256 bits"
    changed = secret[:-2] + ("x" if secret[-2] != "x" else "y") + secret[-1]
    with server(runtime) as client:
        nonsense = client("/link/sign_in/nonsense")
        for guess in (changed, secret[:-1], secret.swapcase(), f"{secret}a", "%00", "x" * 5000):
            for method in ("GET", "POST"):
                answer = client(f"/link/sign_in/{guess}", method)
                assert (answer.status, answer.body, "set-cookie" in answer.headers) == (410, nonsense.body, False)
        assert client(f"/link/sign_in/{secret}", "POST").status == 303, "and guessing locks nobody out"


def test_who_finds_a_browser_left_open_cannot_guess_its_persons_password(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with server(runtime) as client:
        found = browser(runtime, client, user_id)
        new = "a good new one indeed"
        for _ in range(10):
            refused = found.post("/people/password", {"old": "wrong", "new": new})
            assert refused.status == 422 and "present password is not right" in refused.text
        assert "Too many tries" in found.post("/people/password", {"old": PASSWORD, "new": new}).text
        assert found.get("/people").status == 200
