"""A signed HTTP POST to a URL of the person's own."""

import hashlib
import json
import re
import time
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from personal_assistant.notifications.model import AddressError, Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.net.pause import pauses, retry_after
from personal_assistant.notifications.net.requesting import Reply, request
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.notifications.signing import ID, SIGNATURE, TIMESTAMP, sign

_MAX_URL = 2000
_MAX_BODY_BYTES = 65_536
# A text of so many characters always fits.
_SHORT_BODY = 5000
_SHOWN_LETTERS = 5
_PLAIN_KEY = re.compile(r"[A-Za-z0-9:_+-]{1,200}")

# Busy, too early, too many: said before anything was done. Of all others below 500, repeating changes nothing.
_LATER = frozenset({408, 409, 425, 429})
_ASKS_TO_WAIT = frozenset({429, 503})
_GATEWAY_TIMEOUT = 504


class WebhookSender:
    """Sends to addresses of the channel webhook."""

    def check(self, url: str) -> str:
        """What may be shown of the URL. Raises AddressError for one that cannot be used."""
        parts = _split(url)
        if parts.scheme not in ("http", "https"):
            raise AddressError("A webhook's URL has to begin with https:// or http://.")
        if "@" in parts.netloc:
            raise AddressError("A webhook's URL cannot hold a name and password; the signature says who sends.")
        host = parts.hostname or ""
        return f"{parts.scheme}://{host.split('.')[0][:_SHOWN_LETTERS]}…"

    async def send(self, parcel: Parcel, config: SendingConfig) -> None:
        """Post it. The same key at every attempt lets the service pass over what it has taken.

        Raises Refused when it will never be taken, TryLater when it certainly was not, Unknown when it may have been.
        """
        host = urlsplit(parcel.target.url).netloc.lower()
        if (left := pauses().left(host, parcel.key)) > 0:
            raise TryLater("it asked to be left alone for a while", retry_after=left)
        body = document(parcel)
        reply = await request("POST", parcel.target.url, config, headers=_headers(parcel, body), body=body)
        if not 200 <= reply.status < 300:
            raise _refusal(reply, host, parcel.key)


def document(parcel: Parcel) -> bytes:
    """The JSON that a service is sent, at most 64 kB of it."""
    text = parcel.body
    encoded = _encoded(parcel, text)
    if len(encoded) > _MAX_BODY_BYTES and text:
        encoded = _encoded(parcel, text[:_SHORT_BODY] + "…")
    return encoded


def _encoded(parcel: Parcel, text: str | None) -> bytes:
    content = {
        "type": parcel.kind,
        "id": parcel.message_id,
        "title": parcel.title,
        "body": text,
        "due_at": parcel.due_at and parcel.due_at.isoformat(),
        "urgent": parcel.urgent,
        "links": [{"label": link.label, "url": link.url} for link in parcel.links],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _headers(parcel: Parcel, body: bytes) -> dict[str, str]:
    # The signed text has dots between its parts, so an id has none.
    key = parcel.key
    name = key if _PLAIN_KEY.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    sent_at = int(time.time())
    headers = {
        ID: name,
        TIMESTAMP: str(sent_at),
        "Idempotency-Key": name,
        "Content-Type": "application/json",
        "User-Agent": "personal-assistant",
        "Accept-Encoding": "identity",
    }
    if parcel.target.secret is not None:
        headers[SIGNATURE] = sign(parcel.target.secret, name, sent_at, body)
    return headers


def _refusal(reply: Reply, host: str, key: str) -> Refused | TryLater | Unknown:
    said = f"it answered {reply.status}" + (f": {reply.text}" if reply.text else "")
    if 300 <= reply.status < 400:
        return Refused(f"it redirects {_elsewhere(reply)}; give the URL that it redirects to")
    wait = retry_after(reply.headers.get("Retry-After"))
    if wait and reply.status in _ASKS_TO_WAIT:
        pauses().begin(host, wait, key)
    if reply.status == _GATEWAY_TIMEOUT:
        return Unknown(said, retry_after=wait)
    if reply.status in _LATER or reply.status >= 500:
        return TryLater(said, retry_after=wait)
    return Refused(said)


def _elsewhere(reply: Reply) -> str:
    """Where to, without what may be secret in it."""
    try:
        parts = urlsplit(reply.headers.get("Location", ""))
    except ValueError:
        return "to a URL that makes no sense"
    return f"to {parts.scheme}://{parts.hostname}" if parts.hostname else "to another path"


def _split(url: str) -> SplitResult:
    if len(url) > _MAX_URL:
        raise AddressError(f"A webhook's URL has at most {_MAX_URL:,} characters.")
    if not url.isprintable() or " " in url:
        raise AddressError("A webhook's URL cannot hold spaces or control characters.")
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError:
        usable = False
    if not usable:
        raise AddressError("The webhook's URL cannot be used: it has to look like https://host/path.")
    return parts


def _is_host(host: str) -> bool:
    """Whether it is a name or an address; numbers that only some libraries take for an address are neither.

    Raises ValueError for a name that there cannot be.
    """
    if host.rpartition(".")[2].isdigit():
        return bool(ip_address(host))
    return bool(host.encode("idna"))
