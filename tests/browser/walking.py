"""Walking through the dashboard as its links lead, and looking at each page with axe-core."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Request, Response, ViewportSize, expect
from starlette.routing import compile_path

from personal_assistant.api.web.registry import all_pages

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 740}
# Of pages that differ by an id or by what is asked for, so many are looked at.
_OF_A_KIND = 2
_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
_GRAVE = ("serious", "critical")
_LINKS = "[...document.querySelectorAll('a[href]')].map(it => it.href)"
_LOADED = """[...document.querySelectorAll('[hx-get],[data-from],form[method=get]')]
.map(it => new URL(it.getAttribute('hx-get') ?? it.dataset.from ?? it.getAttribute('action'), document.baseURI).href)"""
_SENT_TO = "[...document.querySelectorAll('form[method=post]')].map(it => it.action)"
_UNASKED = """[...document.querySelectorAll('form:has(button.bad):not([data-sure])')].map(it => it.action)"""
_TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth"


@dataclass
class Walk:
    """What was found. pages: the addresses that were opened; forms: where their forms send to.

    known: routes (as the registry writes them) that pages lead to, load from or send to.
    """

    pages: list[str] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def route_of(address: str) -> str:
    """The registry's way of writing the address of a page; empty for what is no page of it."""
    path = urlsplit(address).path
    return next((it.path for it in all_pages() if compile_path(it.path)[0].match(path)), "")


class Walker:
    """One person's browser. Screenshots of pages with faults are kept in `folder`."""

    def __init__(self, context: BrowserContext, base: str, folder: Path) -> None:
        self.page, self._base, self._folder = context.new_page(), base, folder
        self._devtools: CDPSession = context.new_cdp_session(self.page)
        self._said: list[str] = []
        self.page.on("console", self._logged)
        self.page.on("pageerror", lambda it: self._said.append(str(it)))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def walk(self, *sizes: ViewportSize) -> Walk:
        """Follow all links from Today, and look at each page in these sizes, light and dark."""
        found = Walk()
        for address in self._new(found):
            self.page.set_viewport_size(sizes[0])
            self.look(address, found)
            for size in sizes[1:]:
                self.page.set_viewport_size(size)
                self.inspect(found)
            found.known |= {route_of(it) for it in (*self._run(_LINKS), *self._run(_LOADED))}
            found.forms |= {urlsplit(it).path for it in self._run(_SENT_TO)}
        return found

    def look(self, address: str, found: Walk, *, status: int = 200) -> None:
        """Open a page and note what is wrong with it."""
        answer = self.page.goto(address)
        if answer is None or answer.status != status:
            found.faults.append(f"{address} answers {answer and answer.status}")
        self.inspect(found)

    def inspect(self, found: Walk) -> None:
        """Note what is wrong with the page that is open, and was said since the last one."""
        for plot in self.page.locator("[data-plot]").all():
            plot.locator("canvas").wait_for()
        expect(self.page.locator("[hx-trigger~=load].htmx-request")).to_have_count(0)
        faults = [f"«{it}» is done without asking" for it in self._run(_UNASKED)]
        faults += ["it scrolls sideways"] if self._run(_TOO_WIDE) else []
        faults += self._axe()
        self.page.emulate_media(color_scheme="dark")
        faults += [f"dark: {it}" for it in self._axe(runOnly=["color-contrast"])]
        self.page.emulate_media(color_scheme="light")
        faults += self._said
        self._said.clear()
        if faults:
            width = self._run("window.innerWidth")
            picture = self._folder / f"{len(found.faults)}.png"
            self.page.screenshot(path=picture, full_page=True)
            found.faults += [f"{self.page.url} at {width}: {it} ({picture})" for it in faults]

    def _new(self, found: Walk) -> Iterator[str]:
        """Addresses that were not opened yet; those that a page shows come after it."""
        seen, kinds, ahead = set[str](), Counter[str](), [f"{self._base}/"]
        while ahead:
            address = ahead.pop(0).partition("#")[0]
            route = route_of(address)
            if address in seen or not address.startswith(f"{self._base}/") or kinds[route] == _OF_A_KIND:
                continue
            seen.add(address)
            kinds[route] += 1
            found.pages.append(address)
            yield address
            ahead += self._run(_LINKS)

    def _run(self, script: str) -> Any:
        return self.page.evaluate(script)

    def _axe(self, **only: Any) -> list[str]:
        """What axe-core finds that is grave. Through the developer tools: the page's policy stays in force."""
        if not self._run("'axe' in window"):
            self._devtools.send("Runtime.evaluate", {"expression": _AXE})
        # There are no frames, and the style sheets need not be read again.
        options = {"resultTypes": ["violations"], "preload": False, "iframes": False, **only}
        violations = self.page.evaluate("async options => (await axe.run(options)).violations", options)
        return [
            f"{it['id']}: {it['nodes'][0]['html'][:150]} {it['nodes'][0]['failureSummary'][:300]}"
            for it in violations
            if it["impact"] in _GRAVE
        ]

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self._base}/", "data:")):
            self._said.append(f"it asks {request.url}")

    def _logged(self, message: ConsoleMessage) -> None:
        # What could not be loaded is noted below, with its status.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self._said.append(message.text)

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self._said.append(f"{response.url} answers {response.status}")
