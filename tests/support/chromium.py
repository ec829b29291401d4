"""Debian's Chromium, driven by Playwright. It is never fetched from elsewhere."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# Without a sandbox, which root does not get; nothing that asks for the network by itself.
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def chromium_missing() -> str | None:
    """What has to be installed for a browser to be started here; None when nothing has."""
    if shutil.which("chromium"):
        return None
    return "Chromium is not installed here: apt-get install chromium fonts-dejavu-core"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser and stop it at the end.

    While it lasts, asyncio takes this thread's loop for a running one: end it before other tests need a loop.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
