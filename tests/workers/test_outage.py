"""A spell in which the database cannot be used: told once however many loops meet it, and waited out."""

from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from personal_assistant.store.database import Database
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.outage import Outage


def test_pauses_grow_to_half_a_minute_and_begin_anew_after_the_spell() -> None:
    outage = Outage()
    assert [outage.failed("runner", StoreError("away")) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert outage.failed("scheduler", StoreError("away")) == 1
    for loop in ("runner", "scheduler"):
        outage.worked(loop)
    assert outage.failed("runner", StoreError("away")) == 1


def test_each_spell_is_told_once_and_is_over_when_all_work_that_failed() -> None:
    outage = Outage()
    with structlog.testing.capture_logs() as logged:
        for error in ("away", "still away"):
            outage.failed("runner", StoreError(error))
            outage.failed("scheduler", StoreError(error))
            outage.worked("scheduler")  # a full disk can be read
        assert [entry["error"] for entry in logged] == ["away"]
        outage.worked("runner")
        outage.worked("runner")
        outage.failed("runner", StoreError("away again"))
    assert [entry.get("error", "over") for entry in logged] == ["away", "over", "away again"]


@pytest.mark.parametrize("copied", [False, True])
def test_a_file_that_is_gone_is_not_written_to_nor_made_anew(
    sqlite_template: Path, tmp_path: Path, copied: bool
) -> None:
    path = tmp_path / "assistant.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{path}")
    with db.write() as conn:
        conn.execute(sa.text("INSERT INTO roles (id, name) VALUES (7, 'first')"))
    db.close()
    kept = path.read_bytes()
    with db.read() as conn:
        conn.execute(sa.text("SELECT 1"))
    away = path.rename(tmp_path / "away.db")
    for _ in range(2):
        with pytest.raises(StoreError, match="it cannot be opened: check that the folder exists"), db.write() as conn:
            conn.execute(sa.text("INSERT INTO roles (id, name) VALUES (8, 'lost')"))
    assert list(tmp_path.glob("assistant.db")) == []
    path.write_bytes(kept) if copied else away.rename(path)
    with db.write() as conn:
        conn.execute(sa.text("INSERT INTO roles (id, name) VALUES (9, 'second')"))
    db.close()
    again = Database(f"sqlite:///{path}")
    with again.read() as conn:
        assert list(conn.execute(sa.text("SELECT id FROM roles WHERE id > 6")).scalars()) == [7, 9]
    again.close()
