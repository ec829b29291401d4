"""A message as mail: a plain text that is complete in itself, and the same as HTML."""

import hashlib
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from personal_assistant.notifications.model import Parcel
from personal_assistant.notifications.senders.mail_html import html_of
from personal_assistant.notifications.senders.mailbox import named
from personal_assistant.notifications.senders.texts import clean_line, content_of, text_of

_MAX_SUBJECT = 200
# Every server takes seven bits and short lines, so nothing has to be asked of it.
_POLICY = SMTP.clone(cte_type="7bit")


def mail_bytes(parcel: Parcel, sender: Address, recipient: str) -> bytes:
    """The mail as it goes over the wire, lines ending in CR LF. The same parcel makes the same headers every time."""
    mail = EmailMessage(_POLICY)
    for name, value in _headers(parcel, sender, recipient):
        mail[name] = value
    content = content_of(parcel)
    mail.set_content(text_of(content))
    mail.add_alternative(html_of(content), subtype="html")
    # Drawn at random otherwise, and a repeated mail is to be the same one.
    mail.set_boundary(f"=_{_digest(parcel.key)}")
    return mail.as_bytes()


def message_id(key: str, domain: str) -> str:
    """The Message-ID for a parcel's key, by which mail programs know a mail that came twice."""
    return f"<{_digest(key)}@{domain}>"


def _headers(parcel: Parcel, sender: Address, recipient: str) -> Iterator[tuple[str, str | Address]]:
    yield "From", sender
    yield "To", named(parcel.person, recipient)
    yield "Subject", clean_line(parcel.title, _MAX_SUBJECT) or "A message from your assistant"
    yield "Date", format_datetime(parcel.created_at)
    yield "Message-ID", message_id(parcel.key, sender.domain)
    # RFC 3834: nothing answers this by itself.
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    if parcel.urgent:
        yield "Importance", "high"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:40]
