"""Messages to people: written once per key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.notifications.channels import route
from personal_assistant.notifications.model import Message
from personal_assistant.store.bulk import insert_rows
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.plain import plain_text
from personal_assistant.store.tables import CHANNELS, deliveries

_MAX_BODY = 10_000
_MAX_TITLE = 255


def deliver(conn: sa.Connection, messages: Sequence[Message], now: datetime) -> None:
    """Store messages in their persons' in-app lists; a channel that was asked for and does not work is recorded.

    Storing and recording are one transaction, so this channel neither loses nor repeats.
    """
    rows = [row for message in messages for row in _rows(message, now)]
    if rows:
        insert_rows(conn, deliveries, tuple(rows[0]), [list(row.values()) for row in rows])
        wake_after_commit(conn)


def _rows(message: Message, now: datetime) -> list[dict[str, Any]]:
    chosen = route(message.channels)
    rows = [_row(message, now, channel, "sent") for channel in chosen.ready]
    for channel in chosen.not_ready:
        known = channel if channel in CHANNELS else None
        why = f"The channel {channel} is not set up." if known else f"There is no channel {channel!r}."
        if known:
            rows.append({**_row(message, now, known, "failed"), "error": why})
        else:
            rows[0]["error"] = why
    return rows


def _row(message: Message, now: datetime, channel: str, state: str) -> dict[str, Any]:
    return {
        "key": f"{message.key}:{channel}",
        "user_id": message.user_id,
        "job_id": message.job_id,
        "ai_task_id": message.ai_task_id,
        "kind": message.kind,
        "channel": channel,
        "state": state,
        "title": message.title[:_MAX_TITLE],
        "body": message.body and plain_text(message.body[:_MAX_BODY]),
        "error": None,
        "due_at": message.due_at,
        "created_at": now,
        "sent_at": now if state == "sent" else None,
    }
