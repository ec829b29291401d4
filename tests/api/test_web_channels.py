"""The pages of channels and of what a person wishes of messages, over HTTP and without a script."""

import re
from html import escape

import pytest
from tests.ai.support import OWNER, another_person
from tests.api.rest import channel_of
from tests.api.support import Answer, server
from tests.api.web import Browser, addresses, browser
from tests.support.ledger import Ledger

from personal_assistant.jobs.outcomes import Failed, Succeeded
from personal_assistant.notifications.addresses import list_addresses
from personal_assistant.notifications.preferences import Preferences, get_preferences
from personal_assistant.people.audit import list_entries
from personal_assistant.workers.runtime import Runtime

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
AT = "/notifications/channels"
URL = "https://hooks.example.org/s3cret"
HOSTILE = "<script>alert(1)</script>"


def _names(runtime: Runtime) -> list[tuple[str, bool]]:
    with runtime.db.read() as conn:
        return [(it.name, it.enabled) for it in list_addresses(conn, OWNER)]


def _wishes(runtime: Runtime) -> Preferences:
    with runtime.db.read() as conn:
        return get_preferences(conn, OWNER)


def _wrong(answer: Answer) -> dict[str, str]:
    """What a page says beside its fields."""
    assert answer.status == 422, answer.text
    return dict(re.findall(r'<p class="wrong" id="([\w-]+)-wrong" role="alert">([^<]*)</p>', answer.text))


@SQLITE
def test_a_channel_is_added_changed_put_first_paused_and_removed(runtime: Runtime) -> None:
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert "To be reached while this page is closed" in mine.get(AT).text
        assert mine.post(AT, {"channel": "email", "url": " ada@example.org ", "name": ""}).status == 303
        made = mine.post(AT, {"channel": "webhook", "url": URL, "name": HOSTILE})
        assert made.status == 200 and "whsec_" in made.text and "This is shown once" in made.text
        page, one = mine.get(AT), mine.get(f"{AT}/2")
        for shown in (made, page, one):
            assert HOSTILE not in shown.text and escape(HOSTILE) in shown.text and "s3cret" not in shown.text
            assert all(it.startswith(("/", "data:,")) or it == "#content" for it in addresses(shown.text))
            assert not re.search(r"\son\w+=|<style|\sstyle=", shown.text)
        assert "whsec_" not in page.text + one.text
        for what in ("earlier", "earlier", "pause"):
            assert mine.post(f"{AT}/2/{what}").status == 303
        assert _names(runtime) == [(HOSTILE, False), ("email", True)]
        assert mine.post(f"{AT}/2/edit", {"name": "work", "url": ""}).status == 303
        assert mine.post(f"{AT}/2/resume").status == 303
        assert "whsec_" in mine.post(f"{AT}/2/new-secret").text
        assert _names(runtime) == [("work", True), ("email", True)]
        assert mine.post(f"{AT}/2/remove").status == 303
        assert _names(runtime) == [("email", True)]
        with runtime.db.read() as conn:
            told = {(it.action, it.by) for it in list_entries(conn, OWNER, action="channel")}
        assert told == {("channel.added", "web"), ("channel.edited", "web"), ("channel.removed", "web")}


@SQLITE
def test_what_cannot_be_is_told_beside_its_field(runtime: Runtime) -> None:
    channel_of(runtime, OWNER, name="it")
    with server(runtime) as client:
        mine = browser(runtime, client)
        for form, part, said in (
            ({"channel": "pager", "url": "x"}, "channel", "There are no addresses"),
            ({"channel": "webhook", "url": "ftp://s3cret/"}, "url", "has to begin with https://"),
            ({"channel": "webhook", "url": "https://127.0.0.1/s3cret"}, "url", "is a private address"),
            ({"channel": "email", "url": ""}, "url", "needs a URL"),
            ({"channel": "email", "url": "a@b.org", "name": "it"}, "name", "already"),
        ):
            answer = mine.post(AT, form)
            wrong = _wrong(answer)
            assert list(wrong) == [part] and said in wrong[part] and "s3cret" not in answer.text
        assert list(_wrong(mine.post(f"{AT}/1/edit", {"name": "7"}))) == ["name"]
        assert list(_wrong(mine.post(f"{AT}/1/edit", {"name": "it", "url": "x"}))) == ["url"]
        assert "a beginning and an end" in _wrong(mine.post(f"{AT}/quiet-hours", {"start": "22:00"}))["quiet-hours"]
        assert "no time of day" in _wrong(mine.post(f"{AT}/quiet-hours", {"start": "x", "end": "y"}))["quiet-hours"]
        assert "no number" in _wrong(mine.post(f"{AT}/caps", {"email": "5", "sms": "many"}))["caps"]
        assert "Tick the channels" in _wrong(mine.post(f"{AT}/routes", {"alert": "none", "result": "chosen"}))["routes"]
    assert _names(runtime) == [("it", True)] and _wishes(runtime) == Preferences()


def test_wishes_are_set_and_taken_back(runtime: Runtime) -> None:
    first, second = channel_of(runtime, OWNER, name="first"), channel_of(runtime, OWNER, name="second")
    with server(runtime) as client:
        mine = browser(runtime, client)

        def post(part: str, **form: str) -> None:
            assert mine.post(f"{AT}/{part}", form).status == 303

        post("routes", reminder="chosen", **{f"reminder-{second}": "on"}, result="none", alert="all")
        assert _wishes(runtime).routes == {"reminder": ["second"], "result": []}
        # The order that was chosen stays.
        post("routes", reminder="chosen", **{f"reminder-{first}": "on", f"reminder-{second}": "on"})
        assert _wishes(runtime).routes == {"reminder": ["second", "first"]}
        post("quiet-hours", start="22:00", end="07:00")
        post("caps", sms="5", email="")
        assert (_wishes(runtime).quiet_from, _wishes(runtime).caps) == ("22:00", {"sms": 5})
        page = mine.get(AT).text
        assert 'value="22:00"' in page and "Switch them off" in page and 'value="5"' in page
        assert len(re.findall(r'type="checkbox" name="reminder-\d+" checked', page)) == 2
        post("quiet-hours")
        post("caps")
        assert (_wishes(runtime).quiet_from, _wishes(runtime).caps) == (None, {})


@SQLITE
def test_what_came_of_a_test_is_shown_where_it_was_asked_for(runtime: Runtime, ledger: Ledger) -> None:
    channel_of(runtime, OWNER)
    with server(runtime) as client:
        mine = browser(runtime, client)
        hers = browser(runtime, client, another_person(runtime.db))

        def asked() -> tuple[str, str]:
            place = mine.post(f"{AT}/1/test").headers["location"]
            return place, place.partition("=")[2]

        def said(whose: Browser, place: str) -> str:
            (block,) = re.findall(r'<div role="status">(.*?)</div>', whose.get(place).text, re.S)
            return str(block).strip()

        place, job_id = asked()
        assert asked() == (place, job_id)
        assert "no scheduler is alive" in said(mine, place) and said(hers, place) == said(mine, AT) == ""
        result = {"name": "it", "channel": "webhook", "masked": "…", "outcome": "failed", "reason": HOSTILE}
        ledger.run(job_id, Succeeded(result))
        assert escape(f"failed: {HOSTILE}") in said(mine, place)
        place, job_id = asked()
        ledger.run(job_id, Failed("It is over.", "permanent"))
        assert "The test did not run: It is over." in said(mine, place)
        for odd in ("%00", "x" * 300, ledger.add(user_id=OWNER)):
            assert said(mine, f"{AT}?test={odd}") == ""


@SQLITE
def test_channels_of_others_are_not_there(runtime: Runtime) -> None:
    hers = another_person(runtime.db)
    channel = channel_of(runtime, hers, name="Hers")
    with server(runtime) as client:
        mine = browser(runtime, client)
        assert "Hers" not in mine.get(AT).text
        for path in (f"{AT}/{channel}", f"{AT}/999"):
            assert mine.get(path).status == 404
            for what in ("edit", "new-secret", "test", "pause", "resume", "remove", "earlier", "odd"):
                assert mine.post(f"{path}/{what}", {"name": "x"}).status == 404, what
        assert mine.post(f"{AT}/routes", {"alert": "chosen", f"alert-{channel}": "on"}).status == 422
