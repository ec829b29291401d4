"""The tables about people who sign in: their sessions, one-time links and second factor, and what was done by whom."""

import sqlalchemy as sa

from personal_assistant.store.base import big_id, metadata, one_of
from personal_assistant.store.types import UTCDateTime

# The purposes of one-time links; `code` is a sign-in whose password was right and whose second factor is to come.
LINK_PURPOSES = ("sign_in", "invite", "reset", "code")

# Browsers that are signed in. Only the SHA-256 of their secret is kept.
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    # What the browser calls itself, and how it was signed in.
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("by", sa.String(20), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("seen_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Index("ix_sessions_user_id", "user_id", "id"),
    sa.Index("ix_sessions_expires_at", "expires_at"),
    sqlite_autoincrement=True,
)

one_time_links = sa.Table(
    "one_time_links",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("used_at", UTCDateTime),
    one_of("purpose", *LINK_PURPOSES),
    sa.Index("ix_one_time_links_user_id", "user_id", "purpose"),
    sa.Index("ix_one_time_links_expires_at", "expires_at"),
    sqlite_autoincrement=True,
)

second_factors = sa.Table(
    "second_factors",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False, unique=True),
    sa.Column("sealed", sa.Text),
    sa.Column("created_at", UTCDateTime, nullable=False),
    # Empty until the person has shown a right code: it is not asked for before.
    sa.Column("confirmed_at", UTCDateTime),
    # The 30 seconds whose code was used last; that code and older ones are not taken again.
    sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

# In place of a code, each once.
recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("hash", sa.String(64), primary_key=True),
)

# Tries to sign in that have not succeeded, by e-mail address and by client; the key is a SHA-256.
sign_in_tries = sa.Table(
    "sign_in_tries",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", UTCDateTime, nullable=False),
    sa.Column("locked_until", UTCDateTime),
    sa.Index("ix_sign_in_tries_last_at", "last_at"),
)

# Who did what. Triggers keep rows from being changed or removed.
audit = sa.Table(
    "audit",
    metadata,
    big_id(),
    sa.Column("at", UTCDateTime, nullable=False),
    # Empty for somebody who is not known.
    sa.Column("user_id", sa.ForeignKey("users.id")),
    sa.Column("action", sa.String(60), nullable=False),
    # What it was done to, like user:5.
    sa.Column("about", sa.String(200), nullable=False),
    # Through what: web, api, cli.
    sa.Column("by", sa.String(20), nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Index("ix_audit_user_id", "user_id", "id"),
    sqlite_autoincrement=True,
)
