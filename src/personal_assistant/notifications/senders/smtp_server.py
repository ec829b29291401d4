"""The server that takes mail, as the setting `smtp_url` describes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from personal_assistant.notifications.model import Refused
from personal_assistant.notifications.net.policy import allowed

Tls = Literal["from the start", "required", "where offered", "never"]

_PORTS = {"smtp": 587, "smtps": 465}
_FORM = "it has to look like smtp://user:password@host:587 or smtps://user:password@host:465"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and how the way there is protected."""

    host: str
    port: int
    tls: Tls
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)


def read_smtp_url(url: str, private_hosts: Sequence[str] = ()) -> SmtpServer:
    """The server that the URL describes. Raises Refused, with what to set, where it describes none.

    STARTTLS is required on smtp://; of a server on this machine, or one of `private_hosts`, only where it offers it;
    `?starttls=never` leaves it out.
    """
    if not url:
        raise Refused("no server is set that takes mail: set ASSISTANT_SMTP_URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise Refused(f"ASSISTANT_SMTP_URL cannot be read: {_FORM}") from None
    usable = parts.scheme in _PORTS and host and port != 0 and parts.path in ("", "/") and url.isprintable()
    if not usable or " " in host or parts.fragment:
        raise Refused(f"ASSISTANT_SMTP_URL cannot be used: {_FORM}")
    if options not in ({}, {"starttls": ["never"]}):
        raise Refused("ASSISTANT_SMTP_URL has an option that there is not: the only one is ?starttls=never")
    return SmtpServer(
        host=host,
        port=port or _PORTS[parts.scheme],
        tls=_tls(parts.scheme, host, bool(options), private_hosts),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def _tls(scheme: str, host: str, never: bool, private_hosts: Sequence[str]) -> Tls:
    if scheme == "smtps":
        return "from the start"
    if never:
        return "never"
    return "where offered" if _is_near(host, private_hosts) else "required"


def _is_near(host: str, private_hosts: Sequence[str]) -> bool:
    allow = allowed(private_hosts)
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or allow.has_name(host)
    return address.is_loopback or allow.has_address(address)
