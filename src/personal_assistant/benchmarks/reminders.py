"""Many reminders at once, written below the manager: creating a million one by one is not what is measured."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.people import get_owner
from personal_assistant.store.tables import ai_tasks

_STEP = 10_000


def add_reminders(db: Database, count: int, first: datetime, *, spread: timedelta) -> None:
    """Write `count` active reminders with instants evenly over `spread` from `first`: half once, half daily."""
    for start in range(0, count, _STEP):
        with db.write() as conn:
            owner = get_owner(conn)
            numbers = range(start, min(start + _STEP, count))
            conn.execute(sa.insert(ai_tasks), [_row(owner.id, first + spread * n / count, n) for n in numbers])


def _row(user_id: int, due: datetime, number: int) -> dict[str, Any]:
    if number % 2:
        rule = {"schedule_type": "once", "schedule_config": {"run_at": due.isoformat()}}
    else:
        config = {"hour": due.hour, "minute": due.minute}
        rule = {"schedule_type": "daily", "schedule_config": config}
    return {
        **rule,
        "user_id": user_id,
        "title": f"Reminder {number}",
        "task_type": "reminder",
        "next_run_at": due,
        "status": "active",
        "notification_channels": ["in_app"],
        "zone": "UTC",
        "created_at": due,
        "updated_at": due,
    }
