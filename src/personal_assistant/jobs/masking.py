"""Texts without what is secret in them, as far as that can be seen."""

import re

_OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*://\S+|\b[\w+/=-]{24,}", re.IGNORECASE)
_MASK = "…"

# With a user and a password before its host, and what stands behind it.
_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/@]*@)?([^\s/?#\"'<>]*)[^\s\"'<>]*", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w.-]*|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
_NAMED = re.compile(
    r"((?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private|secret)[-_ ]?key|authorization|cookie)"
    r"[\"']?\s*[=:]\s*|\bbearer\s+)(?:(?:bearer|basic)\s+)?(?:\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)",
    re.IGNORECASE,
)
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
# Long, with a digit in it, and neither an id of ours nor a part of a path or of a dotted name.
_KEY = re.compile(rf"(?<![\w+/=.~-])(?!{_UUID})(?=[a-z_+/=-]*\d)[\w+=-][\w+/=-]{{23,}}", re.IGNORECASE)


def masked(text: str) -> str:
    """A text without URLs and without what may be a key: for eyes outside."""
    return _OUTSIDE.sub(_MASK, text)


def without_secrets(text: str) -> str:
    """A text for those whose it is: without what names itself a password, a token or the like, without what looks
    like a key, and with no more of a URL than its host.
    """
    text = _URL.sub(_host_only, text)
    return _KEY.sub(_MASK, _NAMED.sub(rf"\1{_MASK}", text))


def _host_only(found: re.Match[str]) -> str:
    scheme, host = found.group(1, 2)
    if not _HOST.fullmatch(host):
        return f"{scheme}{_MASK}"
    whole = scheme + host
    return whole if whole == found.group() else f"{whole}/{_MASK}"
