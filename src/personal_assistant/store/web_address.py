"""Where the web face of a data directory was served last: the base of links, where no public URL is set."""

import contextlib
import re
from pathlib import Path

_NAME = "web.url"
_DEFAULT = "http://127.0.0.1:8400"
_URL = re.compile(r"http://[\w.:\[\]-]{1,255}")


def note_address(folder: Path, url: str) -> None:
    """Write down that it is served there now. Where that cannot be written, links lead to where it was before."""
    with contextlib.suppress(OSError):
        (folder / _NAME).write_text(f"{url}\n", "ascii")


def base_of_links(public_url: str, folder: Path) -> str:
    """What links begin with, without a slash at the end."""
    if public_url:
        return public_url.rstrip("/")
    try:
        noted = (folder / _NAME).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return _DEFAULT
    return noted if _URL.fullmatch(noted) else _DEFAULT
