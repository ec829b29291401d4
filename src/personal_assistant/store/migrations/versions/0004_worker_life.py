"""What is known of a worker's life: its name, when the broker last reached it, and what it is told to do."""

import sqlalchemy as sa
from alembic import op

from personal_assistant.store.types import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place on SQLite, too: the table holds nothing that has to survive an upgrade.
    with op.batch_alter_table("workers") as workers:
        workers.add_column(sa.Column("name", sa.String(255), nullable=False, server_default=""))
        workers.add_column(sa.Column("heard_at", UTCDateTime(), nullable=True))
        workers.add_column(sa.Column("told", sa.String(4), nullable=True))
        workers.create_check_constraint(op.f("ck_workers_told"), "told IN ('exit', 'rest')")
