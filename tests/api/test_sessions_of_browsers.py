"""The session's cookie: it changes when somebody signs in or becomes more (fixation), what marks it, and what it opens;
and how much a request may send.
"""

import http.client

import pyotp
import pytest
from tests.ai.support import OWNER
from tests.api.routes import forms
from tests.api.support import server
from tests.api.web import Browser, browser, cookies, secret_of, send_form
from tests.people.support import BY_OWNER, EMAIL, PASSWORD, cheap_hashes, member

from personal_assistant.api.web.access import MAX_FORM
from personal_assistant.people import totp
from personal_assistant.people.accounts import edit_account
from personal_assistant.people.one_time_links import create_link
from personal_assistant.people.sessions import list_sessions
from personal_assistant.store.secrets import vault_of
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RIGHT = {"email": EMAIL, "password": PASSWORD}
NAME = "assistant.example.org"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
def user_id(runtime: Runtime, clock: ManualClock) -> int:
    return member(runtime.db, clock)


def count(runtime: Runtime, user_id: int) -> int:
    with runtime.db.read() as conn:
        return len(list_sessions(conn, user_id, runtime.clock.now()))


def test_signing_in_makes_another_session_and_ends_the_one_before(runtime: Runtime, user_id: int) -> None:
    with server(runtime) as client:
        planted = browser(runtime, client)  # somebody else's, put there to be used by the next one
        made = secret_of(send_form(client, "/login", RIGHT, Cookie=f"session={planted.secret}"))
        assert made != planted.secret
        assert (Browser(client, made, "").get("/").status, planted.get("/").status) == (200, 303)
        again = secret_of(send_form(client, "/login", RIGHT, Cookie=f"session={made}"))
        assert (Browser(client, again, "").get("/").status, Browser(client, made, "").get("/").status) == (200, 303)
        assert count(runtime, user_id) == 1


def test_a_session_that_somebody_made_up_is_not_taken_over(runtime: Runtime, user_id: int) -> None:
    made_up = "A" * 43
    with server(runtime) as client:
        assert client("/", headers={"Cookie": f"session={made_up}"}).headers["location"] == "/login"
        assert "set-cookie" not in client("/login", headers={"Cookie": f"session={made_up}"}).headers
        assert secret_of(send_form(client, "/login", RIGHT, Cookie=f"session={made_up}")) != made_up
        assert client("/", headers={"Cookie": f"session={made_up}"}).status == 303
        assert count(runtime, user_id) == 1


def test_a_link_and_a_code_make_another_session_too(runtime: Runtime, clock: ManualClock, user_id: int) -> None:
    vault = vault_of(runtime.settings)
    with runtime.db.write() as conn:
        app = pyotp.TOTP(totp.enrol(conn, vault, user_id, EMAIL, clock.now()).secret)
        totp.confirm(conn, vault, user_id, app.at(clock.now()), clock.now())
        link = create_link(conn, user_id, "sign_in", clock.now())
    clock.advance(30)
    with server(runtime) as client:
        by_link = browser(runtime, client)
        made = secret_of(send_form(client, f"/link/sign_in/{link}", {}, Cookie=f"session={by_link.secret}"))
        assert (made != by_link.secret, by_link.get("/").status) == (True, 303)
        by_code = browser(runtime, client)
        asked = send_form(client, "/login", RIGHT, Cookie=f"session={by_code.secret}")
        assert "One more step" in asked.text and "set-cookie" not in asked.headers, "half signed in is not signed in"
        step = asked.text.partition('name="step" value="')[2].partition('"')[0]
        given = {"step": step, "code": app.at(clock.now())}
        made = secret_of(send_form(client, "/login", given, Cookie=f"session={by_code.secret}"))
        assert (made != by_code.secret, by_code.get("/").status) == (True, 303)


def test_another_password_makes_another_session(runtime: Runtime, user_id: int) -> None:
    with server(runtime) as client:
        mine, elsewhere = browser(runtime, client, user_id), browser(runtime, client, user_id)
        changed = mine.post("/people/password", {"old": PASSWORD, "new": "a good new one indeed"})
        made = secret_of(changed)
        assert made not in (mine.secret, elsewhere.secret)
        assert Browser(client, made, "").get("/").status == 200
        assert (mine.get("/").status, elsewhere.get("/").status) == (303, 303)


def test_another_role_ends_all_sessions(runtime: Runtime, clock: ManualClock, user_id: int) -> None:
    with server(runtime) as client:
        for role in ("admin", "member"):
            hers = browser(runtime, client, user_id)
            assert hers.get("/").status == 200
            with runtime.db.write() as conn:
                edit_account(conn, user_id, clock.now(), {"role": role}, actor=BY_OWNER)
            assert hers.get("/").status == hers.post("/remind", {"words": "stretch in 5 minutes"}).status == 303
            assert count(runtime, user_id) == 0


def test_the_cookie_is_for_this_server_alone_and_for_no_script(runtime: Runtime, user_id: int) -> None:
    with server(runtime) as client:
        [cookie] = cookies(send_form(client, "/login", RIGHT)).splitlines()
        parts = {it.strip().partition("=")[0] for it in cookie.split(";")}
        assert parts == {"session", "HttpOnly", "Max-Age", "Path", "SameSite"}
        assert "; SameSite=lax" in cookie and "; Path=/;" in cookie
        said = cookies(browser(runtime, client, user_id).post("/remind", {"words": "stretch in 5 minutes"}))
        assert "HttpOnly" in said and "SameSite=lax" in said


def test_behind_tls_the_cookie_goes_over_tls_only(runtime: Runtime, user_id: int) -> None:
    settings = runtime.settings.model_copy(update={"public_url": f"https://{NAME}"})
    with server(Runtime(settings, runtime.db, runtime.clock)) as client:
        signed_in = send_form(client, "/login", RIGHT, Host=NAME)
        secret = secret_of(signed_in, "__Host-session")
        assert "; Secure" in cookies(signed_in) and "Domain" not in cookies(signed_in)
        assert client("/", headers={"Cookie": f"__Host-session={secret}", "Host": NAME}).status == 200
        # Who listens on an unencrypted neighbour, or sets a cookie from there, gets nowhere.
        assert client("/", headers={"Cookie": f"session={secret}", "Host": NAME}).status == 303
        changed = client("/people", headers={"Cookie": f"__Host-session={secret}", "Host": NAME}).text
        token = changed.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"words": "stretch in 5 minutes", "csrf": token}
        said = cookies(send_form(client, "/remind", form, Cookie=f"__Host-session={secret}", Host=NAME))
        assert said.startswith("said=") and "; Secure" in said
        out = cookies(send_form(client, "/logout", {"csrf": token}, Cookie=f"__Host-session={secret}", Host=NAME))
        assert {it.partition("=")[0] for it in out.splitlines()} == {"session", "__Host-session"}


def test_no_page_takes_more_than_a_form_needs(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        cookie = {"Cookie": f"session={mine.secret}"}
        many, odd = b"&".join(b"a%d=1" % number for number in range(101)), b"csrf=\xff\xfe"
        for path in forms():
            for body in (b"x" * (MAX_FORM + 1), many, odd):
                assert client(path, "POST", body, cookie).status == 413, path
        assert client("/a/x", "POST", b"x" * 5000).status == 413
        assert mine.get("/").status == 200


def test_a_body_without_end_is_not_read_to_its_end(runtime: Runtime) -> None:
    with server(runtime) as client:
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
        connection.putrequest("POST", "/login")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for _ in range(3):
            connection.send(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
        assert connection.getresponse().status == 413
        connection.close()
        gone = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
        gone.putrequest("POST", "/login")
        gone.putheader("Content-Length", "1000")
        gone.endheaders()
        gone.close()
        assert browser(runtime, client, OWNER).get("/").status == 200
