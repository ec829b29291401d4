"""A small database of the earlier scheduler: its tables as it made them, and rows as odd as it left them."""

from collections.abc import Mapping
from typing import Any

import psycopg
import sqlalchemy as sa

from personal_assistant.store.database import Database
from personal_assistant.store.tables import ai_tasks

TABLES = """
CREATE TABLE roles (id serial PRIMARY KEY, name varchar(50) NOT NULL UNIQUE);
CREATE TABLE users (
    id serial PRIMARY KEY, email varchar NOT NULL UNIQUE, phone_number varchar(20) UNIQUE, full_name varchar,
    hashed_password varchar NOT NULL, is_active boolean, is_verified boolean,
    verification_token varchar, password_reset_token varchar, password_reset_expires timestamp, last_login timestamp,
    failed_login_attempts integer, locked_until timestamp, created_at timestamp, updated_at timestamp,
    default_role_id integer REFERENCES roles (id), role_assigned_at timestamp,
    role_assigned_by integer REFERENCES users (id));
CREATE TABLE ai_tasks (
    id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id), title varchar(255) NOT NULL,
    description text, task_type varchar(50) NOT NULL, schedule_type varchar(20) NOT NULL, schedule_config json,
    next_run_at timestamp, last_run_at timestamp, status varchar(20), ai_context text,
    notification_channels varchar[], created_at timestamp, updated_at timestamp);
CREATE TABLE grocery_deals (id serial PRIMARY KEY, title varchar NOT NULL);
"""
# bcrypt of «open sesame», as the earlier scheduler stored it.
PASSWORD = "$2b$10$NZZIKJHN064CtJaB7yO0Wew/z0hpdlbhbcNrHBtDvegDmE9PR2mKG"
PEOPLE = f"""
INSERT INTO roles (id, name) VALUES (1, 'user'), (2, 'administrator');
INSERT INTO users (id, email, full_name, hashed_password, is_active, created_at, default_role_id, role_assigned_by)
VALUES (3, 'first@example.org', 'First', '{PASSWORD}', true, '2025-01-01', 1, 8),
       (5, 'shut@example.org', 'Shut', '{PASSWORD}', false, '2025-01-02', 2, NULL),
       (8, 'admin@example.org', 'Admin', '{PASSWORD}', true, '2025-01-03 10:20:30.123456', 2, NULL),
       (9, 'later@example.org', NULL, '{PASSWORD}', NULL, NULL, 2, NULL);
INSERT INTO grocery_deals (title) VALUES ('Apples');
"""
TABLES_OF_OLD = ("roles", "users", "ai_tasks")
DUE = "2099-03-31 08:00:00"

# What each row is, by its id.
ROWS: dict[int, Mapping[str, Any]] = {
    11: {"title": "Once, over", "schedule_type": "once", "status": "completed", "last_run_at": "2025-03-01 09:00:01"},
    12: {"schedule_type": "once", "schedule_config": '{"run_at": "2099-03-31T08:00:00"}', "next_run_at": DUE},
    13: {"schedule_type": "daily", "schedule_config": '{"hour": "8", "minute": "0"}', "next_run_at": DUE},
    14: {"schedule_type": "weekly", "schedule_config": '{"weekdays": [4, 1], "hour": 8}', "next_run_at": DUE},
    15: {"schedule_type": "monthly", "schedule_config": '{"day": 31, "hour": 8}', "next_run_at": DUE},
    16: {"schedule_type": "custom", "schedule_config": '{"interval_minutes": 45}', "next_run_at": DUE},
    17: {"schedule_type": "daily", "schedule_config": None, "next_run_at": DUE, "title": "y" * 255},
    18: {"schedule_type": "weekly", "schedule_config": "{}", "next_run_at": DUE, "notification_channels": ["pager"]},
    19: {"schedule_type": "custom", "schedule_config": None, "next_run_at": DUE, "notification_channels": []},
    20: {"schedule_type": "custom", "status": "processing", "next_run_at": "2099-01-01 00:00:00"},
    21: {"schedule_type": "once", "status": "processing", "next_run_at": None},
    22: {"schedule_type": "daily", "status": "paused", "next_run_at": "2025-09-03 09:00:00"},
    23: {"schedule_type": "daily", "status": "failed", "next_run_at": "2025-09-03 09:00:00"},
    24: {"schedule_type": "daily", "status": None, "next_run_at": DUE},
    25: {"schedule_type": "daily", "next_run_at": None},
    26: {"schedule_type": "daily", "schedule_config": '{"hour": 77}', "next_run_at": DUE},
    27: {"schedule_type": "hourly", "next_run_at": DUE},
    28: {"schedule_type": "daily", "status": "snoozed", "next_run_at": DUE},
    29: {"schedule_type": "daily", "user_id": 5, "next_run_at": DUE},
    30: {"schedule_type": "daily", "schedule_config": '"nine"', "next_run_at": DUE, "created_at": None},
}
CANNOT_FIRE = {24, 25, 26, 27, 28, 30}
_USUAL = {
    "user_id": 3,
    "title": "Water the plants",
    "task_type": "reminder",
    "status": "active",
    "notification_channels": ["sms"],
    "created_at": "2025-08-01 09:00:00",
    "updated_at": "2025-08-01 09:00:00.5",
}


def fill(url: str) -> None:
    """Make the tables and fill them."""
    with connect(url) as conn:
        conn.execute(TABLES)
        conn.execute(PEOPLE.encode())
        for task_id, row in ROWS.items():
            values = {**_USUAL, **row, "id": task_id}
            marks = ", ".join(["%s"] * len(values))
            conn.execute(f"INSERT INTO ai_tasks ({', '.join(values)}) VALUES ({marks})".encode(), [*values.values()])


def connect(url: str) -> "psycopg.Connection[Any]":
    """A plain connection, beside everything that the program does."""
    return psycopg.connect(url.replace("+psycopg", ""))


def rows(url: str, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table of the earlier scheduler, as text, without the columns that it did not have."""
    old = TABLES.split(f"CREATE TABLE {table} (")[1].split(";")[0]
    with connect(url) as conn:
        names = [
            name
            for (name,) in conn.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum", [table]
            )
            if f"{name} " in old
        ]
        columns = ", ".join(f"{name}::text" for name in names)
        return conn.execute(f"SELECT {columns} FROM {table} ORDER BY id".encode()).fetchall()


def states(db: Database) -> dict[int, str | None]:
    """The state of each AI task."""
    with db.read() as conn:
        return {row.id: row.status for row in conn.execute(sa.select(ai_tasks.c.id, ai_tasks.c.status))}
