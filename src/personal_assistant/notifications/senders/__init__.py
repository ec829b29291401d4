"""What brings a message to an address: one module for each way, imported when it is used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Protocol

from personal_assistant.notifications.model import Parcel
from personal_assistant.settings import Settings

# Channel to the module here and its class.
_SENDERS = {
    "email": ("mail", "MailSender"),
    "sms": ("apprise_url", "AppriseSender"),
    "push": ("apprise_url", "AppriseSender"),
    "webhook": ("webhook", "WebhookSender"),
}


@dataclass(frozen=True, slots=True)
class SendingConfig:
    """What senders are told by the settings; see there. The last two are how long a service has to be reached, and then
    to answer.
    """

    smtp_url: str = field(repr=False)
    mail_from: str
    private_hosts: Sequence[str]
    connections: int
    fallback_seconds: float
    public_url: str
    link_days: int
    connect_seconds: float = 10.0
    reply_seconds: float = 20.0


class Sender(Protocol):
    """One way to bring messages to addresses. It keeps nothing of a message, and is made without arguments."""

    def check(self, url: str) -> str:
        """What may be shown of an address's URL. Raises AddressError for one that cannot be used."""
        ...

    async def send(self, parcel: Parcel, config: SendingConfig) -> str | None:
        """Bring it there; returns the service's id for it, where it gives one (at most 200 characters are kept).

        Raises Refused when it will never be taken, TryLater when it certainly was not, Unknown when it may have been.
        """
        ...


def config_of(settings: Settings) -> SendingConfig:
    """The part of the settings that senders need."""
    return SendingConfig(
        smtp_url=settings.smtp_url.get_secret_value(),
        mail_from=settings.mail_from,
        private_hosts=tuple(host.strip() for host in settings.private_hosts.split(",") if host.strip()),
        connections=settings.delivery_connections,
        fallback_seconds=settings.fallback_seconds,
        public_url=settings.public_url.rstrip("/"),
        link_days=settings.link_days,
    )


def sender_for(channel: str, url: str) -> Sender:
    """What sends to such an address. Raises KeyError for in_app, which needs no sender."""
    del url  # every channel has one sender so far, whatever the scheme
    return _sender(*_SENDERS[channel])


@lru_cache
def _sender(module: str, name: str) -> Sender:
    made: Sender = getattr(import_module(f"{__name__}.{module}"), name)()
    return made


def check_target(channel: str, url: str) -> str:
    """What may be shown of an address's URL. Raises AddressError with the reason for one that cannot be used."""
    return sender_for(channel, url).check(url)
