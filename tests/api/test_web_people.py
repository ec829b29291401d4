"""The dashboard's pages of people and tokens, over HTTP."""

import re
from html import escape, unescape

import pyotp
import pytest
from tests.ai.support import OWNER
from tests.api.support import Answer, server
from tests.api.web import Browser, browser, secret_of
from tests.people.support import EMAIL, PASSWORD, member

from personal_assistant.api.web.agents import browser_name
from personal_assistant.api.web.qr import qr_svg
from personal_assistant.people.accounts import get_account, list_accounts
from personal_assistant.people.audit import list_entries
from personal_assistant.people.one_time_links import find_link
from personal_assistant.people.sessions import list_sessions
from personal_assistant.people.tokens import authenticate, list_tokens
from personal_assistant.people.totp import ISSUER
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>"


_GECKO = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
_EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0"
_SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (_GECKO, "Firefox on Android"),
        (_EDGE, "Edge on Windows"),
        (_SAFARI, "Safari on macOS"),
        ("Safari/1", "Safari"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("x" * 200, "x" * 60),
        ("", "An unknown browser"),
    ],
)
def test_browsers_are_called_as_people_call_them(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def shown_once(answer: Answer) -> list[str]:
    """What a page shows once."""
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store", answer.text
    (block,) = re.findall(r'<div class="once">(.*?)\n?</div>\n', answer.text, re.S)
    return [unescape(it) for it in re.findall(r"(?:<div>)?([^<>\s]+)(?:</div>)?", block)]


@SQLITE
def test_a_person_changes_name_zone_and_language(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with server(runtime) as client:
        hers = browser(runtime, client, user_id)
        form = {"full_name": HOSTILE, "zone": "Asia/Tokyo", "language": "de", "role": "admin", "email": "x@y.org"}
        assert hers.post("/people/me", form).status == 303
        page = hers.get("/people").text
        assert escape(HOSTILE) in page and HOSTILE not in page and "Everybody" not in page
        refused = hers.post("/people/me", {"zone": "Mars/Olympus"})
        assert refused.status == 422
    with runtime.db.read() as conn:
        account = get_account(conn, user_id)
    assert (account.zone, account.language, account.role, account.email) == ("Asia/Tokyo", "de", "member", EMAIL)


@SQLITE
def test_a_password_is_changed_and_other_browsers_are_signed_out(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with server(runtime) as client:
        hers, elsewhere = browser(runtime, client, user_id), browser(runtime, client, user_id)
        wrong = hers.post("/people/password", {"old": "nonsense", "new": "a good new one indeed"})
        assert (wrong.status, "present password is not right" in wrong.text) == (422, True)
        assert hers.post("/people/password", {"old": PASSWORD, "new": "short"}).status == 422
        assert elsewhere.get("/people").status == 200
        changed = hers.post("/people/password", {"old": PASSWORD, "new": "a good new one indeed"})
        goes_on = Browser(client, secret_of(changed), "")
        assert (changed.status, goes_on.get("/people").status, elsewhere.get("/people").status) == (303, 200, 303)


@SQLITE
def test_browsers_are_signed_out_by_their_own_person_only(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with server(runtime) as client:
        owner, hers = browser(runtime, client), browser(runtime, client, user_id)
        others = [browser(runtime, client, user_id) for _ in range(3)]
        with runtime.db.read() as conn:
            (owners,) = list_sessions(conn, OWNER, clock.now())
            newest = list_sessions(conn, user_id, clock.now())[0]
        for other in (owners.id, 999, 10**18):
            assert hers.post(f"/people/sessions/{other}/end").status == 404
        assert hers.post(f"/people/sessions/{newest.id}/end").status == 303
        assert [it.get("/people").status for it in (owner, hers, *others)] == [200, 200, 200, 200, 303]
        assert hers.post("/people/sessions/end-others").status == 303
        assert [it.get("/people").status for it in (owner, hers, *others)] == [200, 200, 303, 303, 303]


@SQLITE
def test_a_token_is_shown_once_and_removed(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)
    with server(runtime) as client:
        owner, hers = browser(runtime, client), browser(runtime, client, user_id)
        (secret,) = shown_once(hers.post("/people/tokens", {"name": HOSTILE, "scope": "read", "days": "30"}))
        with runtime.db.read() as conn:
            caller = authenticate(conn, secret, clock.now())
            (token,) = list_tokens(conn, user_id)
        assert caller is not None and caller.user_id == user_id and caller.scopes == {"read"}
        page = hers.get("/people").text
        assert secret not in page and token.prefix in page and escape(HOSTILE) in page and HOSTILE not in page
        for form in ({"name": ""}, {"scope": "admin"}, {"scope": "all"}, {"days": "9"}):
            answer = hers.post("/people/tokens", {"name": "x", "scope": "read", "days": "30", **form})
            assert answer.status == 422, form
        assert owner.post(f"/people/tokens/{token.id}/remove").status == 404
        assert hers.post(f"/people/tokens/{token.id}/remove").status == 303
    with runtime.db.read() as conn:
        assert list_tokens(conn, user_id) == [] and authenticate(conn, secret, clock.now()) is None


@SQLITE
def test_a_second_factor_is_set_up_and_switched_off_with_a_code(runtime: Runtime, clock: ManualClock) -> None:
    user_id = member(runtime.db, clock)

    def is_on() -> bool:
        with runtime.db.read() as conn:
            return get_account(conn, user_id).has_second_factor

    with server(runtime) as client:
        hers = browser(runtime, client, user_id)
        enrolling = hers.post("/people/second-factor")
        (secret,) = shown_once(enrolling)
        (picture,) = re.findall(r'<div class="qr" role="img" aria-label="[^"]+">(<svg.*?</svg>)</div>', enrolling.text)
        assert secret not in picture and "style=" not in picture and 'fill="#fff"' in picture
        uri = pyotp.TOTP(secret).provisioning_uri(name=EMAIL, issuer_name=ISSUER)
        assert picture == qr_svg(uri) != qr_svg(f"{uri}0")
        wrong = hers.post("/people/second-factor/confirm", {"code": "000000"})
        assert wrong.status == 422 and "This code is not right" in wrong.text and picture in wrong.text and not is_on()
        code = pyotp.TOTP(secret).at(clock.now())
        codes = shown_once(hers.post("/people/second-factor/confirm", {"code": code}))
        assert len(codes) == 10 and is_on()
        assert secret not in hers.get("/people").text and codes[0] not in hers.get("/people").text
        for _ in range(10):
            assert hers.post("/people/second-factor/off", {"code": "000000"}).status == 422
        locked = hers.post("/people/second-factor/off", {"code": codes[0]})
        assert (locked.status, "Too many tries" in locked.text, is_on()) == (422, True, True)
        clock.advance(16 * 60)
        assert hers.post("/people/second-factor/off", {"code": codes[0]}).status == 303 and not is_on()
    with runtime.db.read() as conn:
        assert [it.action for it in list_entries(conn, user_id, action="second_factor")] == [
            "second_factor.off",
            "second_factor.on",
        ]


def test_an_admin_invites_switches_off_and_reads_the_audit(runtime: Runtime, clock: ManualClock) -> None:
    with server(runtime) as client:
        admin = browser(runtime, client)
        assert "Only you so far" in admin.get("/people/everybody").text
        form = {"email": "new@example.org", "name": HOSTILE, "zone": "Europe/Paris", "role": "member"}
        (link,) = shown_once(admin.post("/people/everybody", form))
        with runtime.db.read() as conn:
            found = find_link(conn, link.rpartition("/")[2], "invite", clock.now())
            new = list_accounts(conn)[-1]
        assert found is not None and found.user_id == new.id and new.zone == "Europe/Paris"
        page = admin.get("/people/everybody").text
        assert escape(HOSTILE) in page and HOSTILE not in page and link not in page
        assert admin.post("/people/everybody", form).status == 422
        theirs, at = browser(runtime, client, new.id), f"/people/everybody/{new.id}"
        assert theirs.get("/people/everybody").status == theirs.post(f"{at}/make-admin").status == 404
        assert admin.post(f"{at}/make-admin").status == 303
        theirs = browser(runtime, client, new.id)
        assert theirs.get("/people/everybody").status == 200
        assert admin.post(f"{at}/make-member").status == admin.post(f"{at}/pause").status == 303
        assert theirs.get("/people").status == 303 and ">Resume<" in admin.get("/people/everybody").text
        assert admin.post(f"{at}/resume").status == 303
        for what in ("pause", "make-member"):
            assert admin.post(f"/people/everybody/{OWNER}/{what}").status == 422
        assert admin.post(f"{at}/odd").status == admin.post("/people/everybody/999/pause").status == 404
        log = admin.get("/people/audit").text
        assert "user.paused" in log and "owner@localhost" in log
        assert "user.invited" in admin.get("/people/audit?action=user.invited").text
        assert "Nothing like that" in admin.get("/people/audit?action=tok&before=%00").text
        assert admin.get("/people/audit?action=%00&before=99999999999999999999").status == 200
