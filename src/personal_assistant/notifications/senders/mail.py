"""Mail, handed to the operator's server."""

import re
import ssl
from collections.abc import Iterator

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPResponseException,
    SMTPTimeoutError,
)

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.notifications.senders.mailbox import mailbox, masked, sender_of
from personal_assistant.notifications.senders.rendering import mail_bytes, message_id
from personal_assistant.notifications.senders.smtp_pool import pool_of
from personal_assistant.notifications.senders.smtp_server import SmtpServer, read_smtp_url

_GO_AHEAD = 354
_TEXT_LENGTH = 300
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_SETTING = "ASSISTANT_SMTP_URL"


class MailSender:
    """Sends to addresses of the channel email."""

    def check(self, url: str) -> str:
        """What may be shown of the address. Raises AddressError for one that cannot be used."""
        return masked(mailbox(url))

    async def send(self, parcel: Parcel, config: SendingConfig) -> str:
        """Hand it to the server; returns the Message-ID, which is the same at every attempt.

        Raises Refused when it will never be taken, TryLater when it certainly was not, Unknown when it may have been.
        """
        server = read_smtp_url(config.smtp_url, config.private_hosts)
        sender = sender_of(config.mail_from)
        recipient = mailbox(parcel.target.url)
        data = mail_bytes(parcel, sender, recipient)
        sending = _Sending(sender.addr_spec, recipient, data)
        try:
            async with pool_of(server, config.connect_seconds, config.reply_seconds).session() as client:
                await sending.run(client, config.reply_seconds)
        except (SMTPException, OSError) as error:
            # Without its cause, whose text may hold the address.
            raise _meaning(error, sending, server, config) from None
        return message_id(parcel.key, sender.domain)


class _Sending:
    """One message on a session; `handed_over` from when all of it is on its way."""

    def __init__(self, sender: str, recipient: str, data: bytes) -> None:
        self.recipient = recipient
        self.handed_over = False
        self._sender = sender
        self._data = data

    async def run(self, client: SMTP, reply_seconds: float) -> None:
        await client.mail(self._sender)
        await client.rcpt(self.recipient)
        reply = await client.execute_command(b"DATA")
        if reply.code != _GO_AHEAD:
            raise SMTPResponseException(reply.code, reply.message)
        protocol = client.protocol
        if protocol is None:
            raise ConnectionError("the connection ended")
        self.handed_over = True
        protocol.write(_LEADING_DOT.sub(b"..", self._data) + b".\r\n")
        reply = await protocol.read_response(timeout=reply_seconds)
        if not 200 <= reply.code < 300:
            raise SMTPResponseException(reply.code, reply.message)


def _meaning(error: Exception, sending: _Sending, server: SmtpServer, config: SendingConfig) -> AssistantError:
    if isinstance(error, SMTPAuthenticationError) and error.code >= 500:
        return Refused(f"the mail server does not take the name and password in {_SETTING} ({error.code})")
    if isinstance(error, SMTPResponseException) and 400 <= error.code < 600:
        said = _said(error, sending.recipient)
        return TryLater(said) if error.code < 500 else Refused(said)
    if sending.handed_over:
        return Unknown(_unanswered(error, config))
    return _before(error, server, config)


def _before(error: Exception, server: SmtpServer, config: SendingConfig) -> AssistantError:
    """What an error means while nothing of the message is on its way."""
    certificate = next((it for it in _causes(error) if isinstance(it, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return Refused(f"the mail server's certificate is not valid: {certificate.verify_message}")
    if isinstance(error, SMTPResponseException):
        return TryLater("what the mail server answers cannot be read as SMTP")
    if isinstance(error, SMTPConnectTimeoutError):
        return TryLater(f"the mail server could not be reached within {config.connect_seconds:g} s")
    if isinstance(error, SMTPTimeoutError | TimeoutError):
        return TryLater(f"the mail server did not answer within {config.reply_seconds:g} s")
    if isinstance(error, SMTPConnectError):
        return TryLater(f"the mail server cannot be reached: {_system_reason(error)}")
    if isinstance(error, OSError):
        return TryLater("the connection to the mail server ended")
    return Refused(_unsupported(error, server))


def _unsupported(error: Exception, server: SmtpServer) -> str:
    if "STARTTLS" in str(error).upper() and server.tls == "required":
        return f"the mail server offers no STARTTLS, so nothing was sent; `?starttls=never` in {_SETTING} does without"
    return f"the mail server does not offer what {_SETTING} asks for: no way to log in that is known here"


def _unanswered(error: Exception, config: SendingConfig) -> str:
    if isinstance(error, SMTPTimeoutError | TimeoutError):
        return f"the mail server had the message and did not answer within {config.reply_seconds:g} s"
    if isinstance(error, SMTPResponseException):
        return "the mail server had the message, and what it answered cannot be read as SMTP"
    return "the connection ended when the mail server had the message"


def _said(error: SMTPResponseException, recipient: str) -> str:
    text = error.message.encode("utf-8", "replace").decode("utf-8", "replace").replace(recipient, masked(recipient))
    line = " ".join("".join(it if it.isprintable() else " " for it in text).split())[:_TEXT_LENGTH]
    return f"the mail server answered {error.code}" + (f": {line}" if line else "")


def _system_reason(error: Exception) -> str:
    reasons = (getattr(it, "strerror", None) for it in _causes(error))
    return next((it for it in reasons if it), "the connection ended")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
