"""Under which names it answers (DNS rebinding), what it believes of proxies, and that it leads nowhere else."""

import re
from urllib.parse import quote

import pytest
from tests.ai.support import OWNER
from tests.api.routes import everything, forms, pages
from tests.api.support import Answer, server
from tests.api.web import browser, cookies, send_form
from tests.people.support import EMAIL, PASSWORD, cheap_hashes, member

from personal_assistant.ai import AITaskManager
from personal_assistant.people.one_time_links import create_link
from personal_assistant.timing.clock import ManualClock
from personal_assistant.workers.runtime import Runtime

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STRANGE = (
    "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example.", "127.1", "2130706433",
    # What browsers take for a name and libraries do not, or the other way round.
    'a"b.evil.example', "a`b.evil.example", "a{b}.evil.example", "a_b.evil.example", "évil.example", "a b.evil.example",
    "127.0.0.1@evil.example", "evil.example@127.0.0.1", "evil.example#127.0.0.1", "127.0.0.1,evil.example",
    "127.0.0.1:8400:evil.example", "127.0.0.1/.evil.example", "[::1].evil.example", "[", "[::1", "%00", "127.0.0.1:x",
)  # fmt: skip
ELSEWHERE = (
    "//evil.example", "https://evil.example", "https:evil.example", r"\\evil.example", r"/\evil.example",
    "///evil.example", "/%09/evil.example", "/\t/evil.example", "/\r\nLocation: //evil.example", "javascript:alert(1)",
)  # fmt: skip
NAMES = ("next", "to", "url", "redirect", "return_to", "continue")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


def leads_elsewhere(answer: Answer) -> bool:
    """Whether an answer leads away from this server, or to what stands in its request."""
    locations = [answer.headers.get(name, "/") for name in ("location", "hx-redirect", "hx-location", "refresh")]
    return any(not re.fullmatch(r"/(?![/\\])[!-~]*", it) or "\\" in it for it in locations)


def test_a_page_under_a_strange_name_is_refused(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        for host in STRANGE:
            for path in ("/", "/login", "/events"):
                answer = mine.get(path, Host=host.encode().decode("latin-1"))
                assert (answer.status, "set-cookie" in answer.headers) == (421, False), (host, path)


def test_every_route_with_a_session_looks_at_the_name(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        for method, path in pages():
            answer = mine.get(path, Host="evil.example") if method == "GET" else mine.post(path, Host="evil.example")
            assert answer.status == 421, path


def test_it_answers_under_its_own_names(runtime: Runtime) -> None:
    settings = runtime.settings.model_copy(update={"public_url": "http://Assistant.example.org:8400"})
    with server(Runtime(settings, runtime.db, runtime.clock)) as client:
        mine = browser(runtime, client)
        for host in ("localhost:8400", "LOCALHOST", "localhost.", "127.0.0.1", "[::1]:8400", "192.168.1.5:8400"):
            assert mine.get("/", Host=host).status == 200, host
        assert mine.get("/", Host="assistant.example.org").status == 200
        assert mine.get("/", Host="other.example.org").status == 421


def test_what_a_stranger_says_of_being_a_proxy_is_not_believed(runtime: Runtime, clock: ManualClock) -> None:
    member(runtime.db, clock)
    said = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https", "X_Forwarded_For": "203.0.113.7"}
    said["Forwarded"] = "for=203.0.113.7;host=evil.example;proto=https"
    with server(runtime) as client:
        answer = send_form(client, "/login", {"email": EMAIL, "password": PASSWORD}, **said)
        assert (answer.status, answer.headers["location"]) == (303, "/")
        assert cookies(answer).startswith("session=") and "Secure" not in cookies(answer)
        known = browser(runtime, client)
        assert "evil.example" not in known.get("/", **said).text
        assert known.get("/", Host="evil.example", X_Forwarded_Host="127.0.0.1").status == 421


def test_no_address_leads_elsewhere(runtime: Runtime, clock: ManualClock) -> None:
    member(runtime.db, clock)
    with runtime.db.write() as conn:
        link = create_link(conn, OWNER, "sign_in", clock.now())
    with server(runtime) as client:
        mine = browser(runtime, client)
        asked = "&".join(f"{name}={quote(target)}" for name in NAMES for target in ELSEWHERE)
        for method, path in everything(runtime):
            for address in (f"{path}?{asked}", f"{path}/", f"{path}//evil.example/", f"{path}/%2e%2e//evil.example"):
                for host in ("127.0.0.1", "evil.example"):
                    answer = client(address, method, b"" if method == "POST" else None, {"Host": host})
                    assert not leads_elsewhere(answer), (method, address, answer.headers)
        for target in ELSEWHERE:
            for path in (target, f"{target}/", f"/{target}/.."):
                safe = quote(path, safe="/\\:%")
                assert not leads_elsewhere(mine.get(safe if safe.startswith("/") else f"/{safe}")), path
            form = {"email": EMAIL, "password": PASSWORD, **dict.fromkeys(NAMES, target)}
            signed_in = send_form(client, f"/login?next={quote(target)}", form, Referer="https://evil.example/")
            assert (signed_in.status, signed_in.headers["location"]) == (303, "/")
        by_link = send_form(client, f"/link/sign_in/{link}?next=//evil.example", dict.fromkeys(NAMES, "//evil.example"))
        assert (by_link.status, by_link.headers["location"]) == (303, "/")


def test_no_form_leads_elsewhere(runtime: Runtime) -> None:
    fields = ("words", "q", "task", "state", "email", "name", "zone", "full_name", "before", *NAMES)
    with server(runtime) as client:
        for path in forms():
            mine = browser(runtime, client)
            for target in ELSEWHERE[:9:4]:
                at = path.replace("999999", quote(target, safe=""))
                answer = mine.post(at, dict.fromkeys(fields, target), Referer=f"https://evil.example/{quote(target)}")
                assert answer.status < 500 and not leads_elsewhere(answer), (at, answer.headers)


def test_what_is_done_leads_to_a_page_of_ours(runtime: Runtime, clock: ManualClock) -> None:
    task = AITaskManager(runtime.db, clock).create_from_words(OWNER, "Stretch", when="every day at 1pm")
    done = {
        "/remind": {"words": "stretch in 5 minutes"},
        f"/ai-tasks/{task.id}/pause": {},
        "/jobs/replay": {"q": "//evil.example", "task": "//evil.example"},
        "/notifications/read-all": {},
        "/people/me": {"full_name": "//evil.example"},
        "/people/sessions/end-others": {},
        "/people/everybody/2/make-admin": {},
    }
    member(runtime.db, clock)
    with server(runtime) as client:
        mine = browser(runtime, client)
        for path, form in done.items():
            answer = mine.post(path, {**form, **dict.fromkeys(NAMES, "//evil.example")}, Referer="https://evil.example")
            assert (answer.status, leads_elsewhere(answer)) == (303, False), (path, answer.headers)
