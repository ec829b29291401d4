"""The one place that writes a new AI task."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from personal_assistant.ai import rows
from personal_assistant.ai.model import AITask
from personal_assistant.ai.validation import Draft, check_fields, check_schedule
from personal_assistant.store.database import wake_after_commit
from personal_assistant.store.tables import ai_tasks


def columns_of(draft: Draft, now: datetime) -> dict[str, Any]:
    """The checked columns of a new AI task. Raises AITaskError, UnknownChannelError for what cannot be scheduled."""
    plan = check_schedule(draft, now)
    return {**check_fields(draft), **plan.columns, "next_run_at": plan.first, "status": "active"}


def insert(conn: sa.Connection, user_id: int, columns: dict[str, Any], now: datetime) -> AITask:
    """Write what `columns_of` has checked."""
    inserted = conn.execute(sa.insert(ai_tasks).values(user_id=user_id, created_at=now, updated_at=now, **columns))
    wake_after_commit(conn)
    assert inserted.inserted_primary_key is not None
    return rows.find(conn, inserted.inserted_primary_key[0])
