"""Parcels to hand to senders, and what senders are told by settings that suit tests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from personal_assistant.notifications.model import Address, Parcel, Target
from personal_assistant.notifications.senders import SendingConfig

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODk="


def parcel(channel: str, url: str, **changes: Any) -> Parcel:
    """A reminder for Ada, for one address."""
    address = Address(3, 1, channel, "it", "masked", 0, True)
    values: dict[str, Any] = {
        "key": "ai:1:0:it",
        "attempt": 1,
        "address": address,
        "target": Target(url, SECRET),
        "message_id": 7,
        "kind": "reminder",
        "topic": None,
        "title": "Take the pill",
        "body": "Two of them, with water.",
        "urgent": False,
        "due_at": datetime(2026, 6, 2, 12, 0, tzinfo=UTC),
        "created_at": datetime(2026, 6, 2, 12, 0, tzinfo=UTC),
        "zone": "Europe/Berlin",
        "person": "Ada",
    }
    return Parcel(**values | changes)


def sending(
    *, private_hosts: Sequence[str] = ("127.0.0.1",), connections: int = 64, reply_seconds: float = 5.0, **more: Any
) -> SendingConfig:
    """A configuration that allows loopback and waits for a short time only."""
    values: dict[str, Any] = {
        "smtp_url": "",
        "mail_from": "",
        "private_hosts": private_hosts,
        "connections": connections,
        "fallback_seconds": 120.0,
        "public_url": "",
        "link_days": 7,
        "connect_seconds": 5.0,
        "reply_seconds": reply_seconds,
    }
    return SendingConfig(**values | more)
