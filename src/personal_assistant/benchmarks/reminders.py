"""Many reminders at once, written by the database itself: creating a million one by one is not what is measured."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.people import get_owner

_STEP = 100_000

_SQLITE = sa.text(
    """
    INSERT INTO ai_tasks (user_id, title, task_type, schedule_type, schedule_config, next_run_at, status,
                          notification_channels, zone, created_at, updated_at)
    WITH RECURSIVE
        numbers(number) AS (SELECT :start UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :stop),
        planned AS (SELECT number, CAST(:first + :spread * number / :count AS INTEGER) AS due FROM numbers)
    SELECT :user_id, 'Reminder ' || number, 'reminder',
           CASE WHEN number % 2 THEN 'once' ELSE 'daily' END,
           CASE WHEN number % 2
               THEN json_object('run_at', strftime('%Y-%m-%dT%H:%M:%S+00:00', due, 'unixepoch'))
               ELSE json_object('hour', due / 3600 % 24, 'minute', due / 60 % 60) END,
           strftime('%Y-%m-%d %H:%M:%S.000000', due, 'unixepoch'), 'active',
           '["in_app"]', 'UTC', :now, :now
    FROM planned
    """
)

_POSTGRESQL = sa.text(
    """
    INSERT INTO ai_tasks (user_id, title, task_type, schedule_type, schedule_config, next_run_at, status,
                          notification_channels, zone, created_at, updated_at)
    SELECT :user_id, 'Reminder ' || number, 'reminder',
           CASE WHEN number % 2 = 1 THEN 'once' ELSE 'daily' END,
           CASE WHEN number % 2 = 1
               THEN json_build_object('run_at', to_char(due, 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))
               ELSE json_build_object('hour', extract(hour FROM due)::int, 'minute', extract(minute FROM due)::int) END,
           due, 'active', ARRAY['in_app'], 'UTC', CAST(:now AS timestamp), CAST(:now AS timestamp)
    FROM generate_series(CAST(:start AS bigint), CAST(:stop AS bigint) - 1) AS number,
         LATERAL (
             SELECT timestamp 'epoch' + floor(:first + :spread * number / :count) * interval '1 second' AS due
         ) AS instant
    """
)


def add_reminders(db: Database, count: int, first: datetime, *, spread: timedelta) -> None:
    """Write `count` active reminders with instants evenly over `spread` from `first`: half once, half daily.

    Instants are whole seconds, cut off.
    """
    statement = _SQLITE if db.is_sqlite else _POSTGRESQL
    for start in range(0, count, _STEP):
        with db.write() as conn:
            values = {
                "user_id": get_owner(conn).id,
                "start": start,
                "stop": min(start + _STEP, count),
                "count": count,
                "first": int(first.timestamp()),
                "spread": spread.total_seconds(),
                "now": first.strftime("%Y-%m-%d %H:%M:%S.000000"),
            }
            conn.execute(statement, values)
