"""The tables about who may ask over HTTP, and what they have asked already."""

import sqlalchemy as sa

from personal_assistant.store.base import metadata
from personal_assistant.store.types import UTCDateTime

# The secrets that a person's programs name themselves with. Only their SHA-256 is kept.
api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("name", sa.String(60), nullable=False),
    # The first characters, by which a person knows it again.
    sa.Column("prefix", sa.String(16), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime),
    sa.Column("last_used_at", UTCDateTime),
    sa.Column("revoked_at", UTCDateTime),
    sa.Index("ix_api_tokens_user_id", "user_id", "id"),
    sqlite_autoincrement=True,
)

# Requests that were marked with a key, so that sent again they get the answer they had.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(200), primary_key=True),
    # SHA-256 of method, path and body.
    sa.Column("request", sa.String(64), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    # Empty while the request is under way.
    sa.Column("status", sa.SmallInteger),
    sa.Column("headers", sa.JSON(none_as_null=True)),
    sa.Column("body", sa.Text),
    sa.Index("ix_idempotency_keys_created_at", "created_at"),
)
