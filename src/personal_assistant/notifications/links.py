"""Signed links in messages: each names a message and its person, and expires; it gives power over that message only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from itsdangerous import BadData, URLSafeSerializer

from personal_assistant.errors import AssistantError
from personal_assistant.notifications.model import Link
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.store.secrets import Vault

_LONGEST = 300
PURPOSE = "links"


class LinkError(AssistantError):
    """A link that cannot be used, with the reason."""


class LinkExpiredError(LinkError):
    """A link that was right and is too old."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link is about."""

    message_id: int
    user_id: int
    expires_at: datetime


def links_for(message_id: int, user_id: int, config: SendingConfig, vault: Vault, now: datetime) -> tuple[Link, ...]:
    """The links of a message (the id of its in_app row); none where no public URL is set. Raises SecretsError."""
    if not config.public_url:
        return ()
    expires = int((now + timedelta(days=config.link_days)).timestamp())
    token = _serializer(vault.derive(PURPOSE)).dumps([message_id, user_id, expires])
    text = token if isinstance(token, str) else token.decode()
    return (Link("Done or later", f"{config.public_url}/a/{text}"),)


def read_link(token: str, keys: Sequence[bytes], now: datetime) -> Linked:
    """What a link's token is about; any of the keys may have signed it. Raises LinkError, LinkExpiredError."""
    for key in keys:
        if (linked := _read(token, key)) is not None:
            if linked.expires_at <= now:
                raise LinkExpiredError("This link has expired. The message is still in your list of notifications.")
            return linked
    raise LinkError("This link is not whole or was changed. Open it from the message itself.")


def _read(token: str, key: bytes) -> Linked | None:
    if len(token) > _LONGEST or not token.isascii():
        return None
    serializer = _serializer(key)
    try:
        payload = serializer.loads(token)
        # Base64 has several spellings of the same bytes; only ours is taken.
        again = serializer.dumps(payload)
        message_id, user_id, expires = payload
        expires_at = datetime.fromtimestamp(expires, UTC)
    except (BadData, TypeError, ValueError, OverflowError):
        return None
    whole = compare_digest(again if isinstance(again, bytes) else again.encode(), token.encode())
    return Linked(message_id, user_id, expires_at) if whole else None


def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=PURPOSE, signer_kwargs={"key_derivation": "hmac", "digest_method": sha256})
