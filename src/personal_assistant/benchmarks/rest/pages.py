"""Walking through the dashboard like somebody who is signed in."""

import re
from collections.abc import Iterable, Sequence

from aiohttp import ClientSession, ClientTimeout

from personal_assistant.benchmarks.rest.asking import median

_LINK = re.compile(r'(?:href|src|hx-get)="(/[^"#]*)"')
_PATIENCE = ClientTimeout(total=30)
# What people choose on the pages: filters that find much, little and nothing, and searches.
_CHOSEN = (
    "/ai-tasks?q=reminder+777",
    "/ai-tasks?q=no+such+words",
    "/ai-tasks?state=paused",
    "/jobs?q=nowhere",
    "/jobs?state=failed",
    "/jobs?state=missed&q=nowhere",
    "/jobs?state=queued",
    "/jobs?state=running",
    "/notifications?show=unread",
    "/people/audit?action=user",
    "/preview?words=call+mum+every+monday+at+9",
)


def signed_in(secret: str) -> ClientSession:
    """A browser with the cookie of a session, which counts bytes as they are sent."""
    return ClientSession(cookies={"session": secret}, timeout=_PATIENCE, auto_decompress=False)


async def page_medians(base: str, secret: str, paths: Sequence[str]) -> dict[str, float]:
    """Those of the pages that are there for this person, and some that are chosen on them, to the median seconds of
    their answers. A page about one thing, like `/jobs/{id}`, is opened about the first thing that another one links to.
    """
    async with signed_in(secret) as browser:
        plain = [path for path in paths if "{" not in path]
        links: list[str] = []
        for path in plain:
            links += _LINK.findall(await _text(browser, base + path))
        about = {path: link for path in paths if "{" in path and (link := _first(path, links, plain)) is not None}
        wanted = {path: path for path in plain} | about | {path: path for path in _CHOSEN}
        found = {}
        for name, path in wanted.items():
            async with browser.get(base + path) as answer:
                there = answer.status != 404
            if there:
                found[name] = await median(browser, base, path)
        return found


async def first_paint_bytes(base: str, secret: str, path: str = "/") -> int:
    """How many bytes a page and its styles, scripts and pictures have, as they are sent to a new browser."""
    async with signed_in(secret) as browser:
        text = await _text(browser, base + path)
        files = {link for link in _LINK.findall(text) if link.startswith("/static/")}
        total = len(text.encode())
        for file in files:
            async with browser.get(base + file) as answer:
                total += len(await answer.read())
    return total


async def _text(browser: ClientSession, url: str) -> str:
    async with browser.get(url) as answer:
        return await answer.text()


def _first(path: str, links: Iterable[str], others: Iterable[str]) -> str | None:
    """The first link to a page of this path that is not one of the others."""
    like = re.compile(re.sub(r"\\{\w+\\}", "[^/?]+", re.escape(path)))
    return next((link for link in links if like.fullmatch(link) and link not in others), None)
