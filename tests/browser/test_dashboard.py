"""The dashboard as people have it before them: a real browser, a real assistant, the owner and a member.

All in one file: while the browser runs, nothing else in the same process can run an event loop of its own.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect
from starlette.routing import compile_path
from tests.browser.house import House, house
from tests.browser.walking import NARROW, WIDE, Walk, Walker, route_of
from tests.support.chromium import chromium, chromium_missing

from personal_assistant.api.web.registry import all_pages, menu

# Walking takes a while where others keep the machine busy.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser. Where none is installed these tests are skipped; in continuous integration they fail."""
    if missing := chromium_missing():
        tell = pytest.fail if "CI" in os.environ else pytest.skip
        tell(missing)
    expect.set_options(timeout=20_000)  # others may keep the machine busy
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An assistant, for a browser that is there."""
    del browser
    with house(tmp_path_factory.mktemp("assistant")) as started:
        yield started


@pytest.fixture(scope="module")
def owner(browser: Browser, home: House) -> BrowserContext:
    """The owner's browser, signed in by the link that `up` printed."""
    context = browser.new_context()
    page = opened(context, home.first_link)
    page.get_by_role("button", name="Sign in on this browser").click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    page.close()
    return context


@pytest.fixture(scope="module")
def member(browser: Browser, home: House) -> BrowserContext:
    """The member's browser, signed in with her password."""
    context = browser.new_context()
    page = opened(context, f"{home.base}/login")
    page.get_by_label("E-mail address").fill(home.email)
    page.get_by_label("Password").fill(home.password)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    page.close()
    return context


@pytest.fixture(scope="module")
def owners_walk(owner: BrowserContext, home: House, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return Walker(owner, home.base, tmp_path_factory.mktemp("owner")).walk(WIDE, NARROW)


@pytest.fixture(scope="module")
def members_walk(member: BrowserContext, home: House, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return Walker(member, home.base, tmp_path_factory.mktemp("member")).walk(NARROW)


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def test_every_page_is_sound_on_desk_and_phone_light_and_dark(owners_walk: Walk) -> None:
    assert not owners_walk.faults, "\n".join(owners_walk.faults)
    assert {route_of(it) for it in owners_walk.pages} >= {page.path for page in menu(admin=True)}


def test_every_page_can_be_reached_by_links(owners_walk: Walk) -> None:
    pages = {page.path for page in all_pages() if "GET" in page.methods}
    assert pages - owners_walk.known == set()


def test_a_members_pages_are_sound(members_walk: Walk) -> None:
    assert not members_walk.faults, "\n".join(members_walk.faults)
    assert {route_of(it) for it in members_walk.pages} >= {page.path for page in menu(admin=False)}


def test_a_member_is_shown_nothing_of_what_admins_do(
    owners_walk: Walk, members_walk: Walk, member: BrowserContext, home: House
) -> None:
    admins = {page.path for page in all_pages() if page.admin}
    assert admins & owners_walk.known, "the owner sees them"
    assert admins & members_walk.known == set()
    sends_to = {page.path for page in all_pages() if page.admin and "POST" in page.methods}
    assert any(compile_path(it)[0].match(form) for it in sends_to for form in owners_walk.forms)
    assert not any(compile_path(it)[0].match(form) for it in sends_to for form in members_walk.forms)
    missing = member.request.get(f"{home.base}/ai-tasks/999999")
    for address in (it for it in owners_walk.pages if route_of(it) in admins):
        answer = member.request.get(address)
        assert answer.status == 404 and "This is not here" in answer.text(), address
    assert missing.status == 404


def test_what_is_missing_or_refused_is_told_on_sound_pages(
    browser: Browser, member: BrowserContext, home: House, tmp_path: Path
) -> None:
    found, stranger = Walk(), Walker(browser.new_context(viewport=NARROW), home.base, tmp_path)
    stranger.look(f"{home.base}/link/sign_in/used-already", found, status=410)
    stranger.look(f"{home.base}/login", found)
    stranger.page.get_by_label("E-mail address").fill(home.email)
    stranger.page.get_by_label("Password").fill("wrong")
    stranger.page.get_by_role("button", name="Sign in").click()
    expect(stranger.page.get_by_role("alert")).to_contain_text("is not right")
    stranger.inspect(found)
    hers = Walker(member, home.base, tmp_path)
    hers.look(f"{home.base}/ai-tasks/999999", found, status=404)
    hers.page.goto(home.base)
    hers.page.get_by_label("What to remind you of").fill("lunch at 7")
    expect(hers.page.locator("#preview")).to_contain_text("say am or pm")
    hers.inspect(found)
    hers.page.get_by_role("button", name="Remind me").click()
    expect(hers.page.get_by_role("alert")).to_contain_text("say am or pm")
    hers.inspect(found)
    hers.page.goto(f"{home.base}/people")
    hers.page.get_by_role("button", name="Set up").click()
    expect(hers.page.get_by_role("heading", name="Second factor")).to_be_visible()
    hers.inspect(found)
    assert not found.faults, "\n".join(found.faults)


def test_somebody_is_invited_and_comes_in(browser: Browser, owner: BrowserContext, home: House, tmp_path: Path) -> None:
    found, admin = Walk(), Walker(owner, home.base, tmp_path)
    admin.page.goto(f"{home.base}/people/everybody")
    admin.page.get_by_label("E-mail address").fill("new@example.org")
    admin.page.get_by_role("button", name="Invite").click()
    expect(admin.page.get_by_role("heading", name="The invitation")).to_be_visible()
    admin.inspect(found)
    link = re.sub(r"^https?://[^/]+", home.base, admin.page.locator(".once").inner_text().strip())
    theirs = Walker(browser.new_context(viewport=NARROW), home.base, tmp_path)
    theirs.look(link, found)
    theirs.page.get_by_label("New password").fill(home.password)
    theirs.page.get_by_role("button", name="Set it").click()
    theirs.page.get_by_label("E-mail address").fill("new@example.org")
    theirs.page.get_by_label("Password").fill(home.password)
    theirs.page.get_by_role("button", name="Sign in").click()
    expect(theirs.page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    theirs.inspect(found)
    assert not found.faults, "\n".join(found.faults)


def test_a_reminder_typed_in_the_box_fires_on_the_page(owner: BrowserContext, home: House) -> None:
    page = opened(owner, home.base)
    page.evaluate("window.sameDocument = false")
    page.get_by_label("What to remind you of").press_sequentially("stretch in 3 seconds")
    expect(page.locator("#preview")).to_contain_text("stretch")
    page.get_by_role("button", name="Remind me").click()
    expect(page.get_by_role("status")).to_have_text("Scheduled: stretch")
    page.evaluate("window.sameDocument = true")
    needs_you = page.locator("section").filter(has=page.get_by_role("heading", name="Needs you"))
    open_one = needs_you.get_by_role("listitem").filter(has_text="stretch")
    expect(open_one.get_by_role("button", name="Done")).to_be_visible()
    assert page.evaluate("window.sameDocument"), "it was not loaded anew"
    open_one.get_by_role("button", name="Done").click()
    expect(open_one).to_have_count(0)
    page.close()


def test_the_link_in_a_message_opens_a_sound_page(browser: Browser, home: House, tmp_path: Path) -> None:
    found, anybody = Walk(), Walker(browser.new_context(viewport=NARROW), home.base, tmp_path)
    anybody.look(home.message_link, found)
    anybody.page.get_by_role("button", name="In 20 minutes").click()
    expect(anybody.page.get_by_text("It comes again on")).to_be_visible()
    anybody.inspect(found)
    anybody.page.get_by_role("button", name="Done").click()
    expect(anybody.page.get_by_text("Done on")).to_be_visible()
    anybody.inspect(found)
    assert not found.faults, "\n".join(found.faults)


def test_the_keyboard_is_enough(member: BrowserContext, home: House) -> None:
    page = opened(member, home.base)
    focused = "document.activeElement.textContent.trim() || document.activeElement.name"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "To the content"
    expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
    reached = []
    for _ in menu(admin=False):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focused))
    assert reached == [it.menu for it in menu(admin=False)]
    page.get_by_role("link", name="To the content").press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "words"
    page.keyboard.type("stretch tomorrow at 9am")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Scheduled: stretch")
    page.close()


def test_what_takes_much_away_asks_first_and_can_be_undone(member: BrowserContext, home: House) -> None:
    page = opened(member, home.base)
    page.set_viewport_size(NARROW)
    page.get_by_label("What to remind you of").fill("throw this away tomorrow at 9am")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Scheduled: throw this away")
    page.goto(f"{home.base}/ai-tasks")
    page.get_by_role("link", name="throw this away").click()
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        (dialog.accept if len(asked) == 2 else dialog.dismiss)()

    page.on("dialog", answer)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="throw this away")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="AI tasks")).to_be_visible()
    assert len(asked) == 2 and "Remove «throw this away»? You can take that back" in asked[0]
    expect(page.get_by_role("link", name="throw this away")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="throw this away")).to_be_visible()
    page.close()
