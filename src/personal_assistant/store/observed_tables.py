"""The tables of what was seen while the assistant worked: what jobs logged, and what the machine had left."""

import sqlalchemy as sa

from personal_assistant.store.base import big_id, metadata, one_of
from personal_assistant.store.types import UTCDateTime

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")

# Lines of an attempt are numbered from 1; where numbers are missing, lines were left out.
job_logs = sa.Table(
    "job_logs",
    metadata,
    sa.Column("job_id", sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("level", sa.String(8), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    one_of("level", *LOG_LEVELS),
)

# What one machine used and had left at an instant. Bytes; `cpu_percent` is of all its processors together, 0 to 100;
# `memory_bytes` is what the assistant's own processes hold there.
resource_samples = sa.Table(
    "resource_samples",
    metadata,
    big_id(),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("cpu_percent", sa.Float, nullable=False),
    sa.Column("processes", sa.Integer, nullable=False),
    sa.Column("memory_bytes", sa.BigInteger, nullable=False),
    sa.Column("memory_available_bytes", sa.BigInteger, nullable=False),
    sa.Column("disk_free_bytes", sa.BigInteger, nullable=False),
    sa.Column("database_bytes", sa.BigInteger, nullable=False),
    sa.Index("ix_resource_samples_at", "at"),
    sqlite_autoincrement=True,
)
