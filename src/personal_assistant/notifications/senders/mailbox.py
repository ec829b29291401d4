"""Mail addresses: what a person gives, as the one form that is sent to."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import unquote

from personal_assistant.notifications.model import AddressError, Refused

_MAX_LENGTH = 254
_MAX_LOCAL = 64
_MAX_NAME = 100
# RFC 5322's dot-atom; quoted local parts exist on paper only.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def mailbox(url: str) -> str:
    """The address in `ada@example.org` or `mailto:ada@example.org`, a domain of other letters in its ASCII form.

    Raises AddressError, with the reason, for what is not one address.
    """
    text = url.strip()
    if text[:7].lower() == "mailto:":
        text = unquote(text[7:])
    if not text.isprintable() or any(it in text for it in ' <>,;()[]\\"?'):
        raise AddressError("A mail address is one like ada@example.org, without a name, options or spaces.")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise AddressError("A mail address has an @, like ada@example.org.")
    if not local.isascii():
        raise AddressError("What stands before the @ of a mail address can only have letters of ASCII.")
    ascii_domain = _ascii(domain)
    if len(local) > _MAX_LOCAL or not _LOCAL.fullmatch(local):
        raise AddressError("What stands before the @ cannot be used: letters, digits, single dots and + - _ can.")
    address = f"{local}@{ascii_domain}"
    if len(address) > _MAX_LENGTH:
        raise AddressError(f"A mail address has at most {_MAX_LENGTH} characters.")
    return address


def masked(address: str) -> str:
    """What may be shown of an address: enough to know it again."""
    local, _, domain = address.rpartition("@")
    return f"{local[0]}…@{domain}"


def sender_of(mail_from: str) -> Address:
    """Who mail comes from, from the setting. Raises Refused, with what to set."""
    if not mail_from:
        raise Refused("no sender of mail is set: set ASSISTANT_MAIL_FROM, like Assistant <assistant@example.org>")
    name, address = parseaddr(mail_from) if mail_from.isprintable() else ("", "")
    try:
        return named(name, mailbox(address))
    except AddressError:
        raise Refused(
            "ASSISTANT_MAIL_FROM is no mail address: it has to look like Assistant <assistant@example.org>"
        ) from None


def named(name: str, address: str) -> Address:
    """The address with a name before it, on one line, of at most 100 characters."""
    shown = " ".join("".join(it if it.isprintable() else " " for it in name).split())[:_MAX_NAME].strip()
    try:
        return Address(display_name=shown, addr_spec=address)
    except (HeaderParseError, ValueError):
        return Address(addr_spec=address)


def _ascii(domain: str) -> str:
    try:
        name = domain.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if not all(_LABEL.fullmatch(it) for it in labels):
        raise AddressError("What stands after the @ is no domain: it has to look like example.org.")
    if labels[-1].isdigit():
        raise AddressError("What stands after the @ has to be a name, not a number.")
    return name
