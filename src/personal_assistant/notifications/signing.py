"""Signatures of webhooks, as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and body."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import AddressError

PREFIX = "whsec_"
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300

_NEW_BYTES = 32
_FEWEST_BYTES, _MOST_BYTES = 24, 64


class SignatureError(AssistantError):
    """A request that does not come from who knows the secret, or not now."""


def new_secret() -> str:
    """A secret to share with the one service that is to verify."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises AddressError for one that cannot be used."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise AddressError(
            f"The secret cannot be used: it has to be {PREFIX} and {_FEWEST_BYTES} to {_MOST_BYTES} bytes in base64."
        )
    return key


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header of a body that is sent at `timestamp` (seconds since 1970)."""
    signed = hmac.digest(key_of(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The id of a webhook that came with these headers (names in lower case) at `now` (seconds since 1970).

    Raises SignatureError when none of its signatures is right, or its time is more than five minutes away.
    """
    message_id, sent_at = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not (message_id and sent_at.isascii() and sent_at.isdigit() and len(sent_at) <= 12):
        raise SignatureError(f"The headers {ID} and {TIMESTAMP} are missing or make no sense.")
    if abs(now - int(sent_at)) > TOLERANCE_SECONDS:
        raise SignatureError(f"Its {TIMESTAMP} is more than {TOLERANCE_SECONDS} s away from now.")
    right = sign(secret, message_id, int(sent_at), body).encode()
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace").split(b" ")
    if not any(hmac.compare_digest(right, one) for one in given):
        raise SignatureError("Its signature is not right.")
    return message_id
