"""Limits: slots for the jobs of a key, rates, turns between users; and the host on which a job ran."""

import sqlalchemy as sa
from alembic import op

from personal_assistant.store.types import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_READY = "state = 'queued' AND (slot IS NULL OR slot = 'holds')"
_SLOT = "slot IS NULL OR (slot IN ('asks', 'waits', 'holds') AND concurrency_key IS NOT NULL)"
_USER = sa.text("coalesce(user_id, 0)")
_PRIORITY = sa.text("priority DESC")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("concurrency_key", sa.String(length=255), nullable=True))
    # In one step with its check: SQLite cannot add one to a column that is there.
    op.execute(f"ALTER TABLE jobs ADD COLUMN slot VARCHAR(5) CONSTRAINT ck_jobs_slot CHECK ({_SLOT})")
    op.add_column("jobs", sa.Column("host", sa.String(length=255), nullable=True))
    op.drop_index("ix_jobs_queued", "jobs")
    _partial_index("ix_jobs_queued", [_PRIORITY, _USER, "run_at"], _READY)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_jobs_unpublished", "jobs")
        unpublished = f"{_READY} AND published_at IS NULL"
        _partial_index("ix_jobs_unpublished", ["queue", _PRIORITY, _USER, "run_at"], unpublished)
    _partial_index("ix_jobs_slots", ["slot", "state", "concurrency_key"], "slot IN ('asks', 'holds')")
    in_line = "state = 'queued' AND slot IN ('asks', 'waits')"
    _partial_index("ix_jobs_line", ["concurrency_key", _PRIORITY, _USER, "run_at"], in_line)
    op.create_table(
        "rates",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("task", sa.String(length=200), nullable=False),
        sa.Column("spent", sa.JSON(), nullable=False),
        sa.Column("look_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "task", name=op.f("pk_rates")),
    )
    op.create_index("ix_rates_look_at", "rates", ["look_at"])


def _partial_index(name: str, columns: list[str | sa.TextClause], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "jobs", columns, sqlite_where=condition, postgresql_where=condition)
