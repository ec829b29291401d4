"""The audit: it only grows."""

import pytest
import sqlalchemy as sa
from tests.people.support import OWNER, member

from personal_assistant.people.audit import list_entries, note
from personal_assistant.store.database import Database
from personal_assistant.store.tables import audit
from personal_assistant.timing.clock import ManualClock

_FORBIDDEN: tuple[sa.Executable, ...] = (
    sa.update(audit).values(action="other"),
    sa.update(audit).values(id=audit.c.id + 1),
    sa.delete(audit),
    sa.delete(audit).where(audit.c.id == 1),
)


def test_rows_are_neither_changed_nor_removed(db: Database, clock: ManualClock) -> None:
    with db.write() as conn:
        note(conn, OWNER, "user.paused", "user:5", clock.now(), by="web", details={"é": "\0\ud800"})
    forbidden: list[sa.Executable] = [*_FORBIDDEN, *([] if db.is_sqlite else [sa.text("TRUNCATE audit CASCADE")])]
    for statement in forbidden:
        with pytest.raises(sa.exc.DBAPIError, match="neither changed nor removed"), db.write() as conn:
            conn.execute(statement)
    if db.is_sqlite:  # which fires nothing before DELETE
        with pytest.raises(sa.exc.DBAPIError), db.write() as conn:
            conn.exec_driver_sql(
                "INSERT OR REPLACE INTO audit (id, at, action, about, by, details) "
                "VALUES (1, '2026-06-02 12:00:00.000000', 'other', '', '', '{}')"
            )
    with db.read() as conn:
        [entry] = list_entries(conn, None)
    assert (entry.user_id, entry.email, entry.action, entry.about, entry.by) == (
        OWNER, "owner@localhost", "user.paused", "user:5", "web",
    )  # fmt: skip
    assert entry.details == {"é": "\ufffd\ufffd"}


def test_entries_are_listed_by_person_and_kind_and_page(db: Database, clock: ManualClock) -> None:
    other = member(db, clock)
    with db.write() as conn:
        for number in range(4):
            for who in (OWNER, other, None):
                note(conn, who, f"kind.{number}", "x", clock.now(), by="web")
        note(conn, other, "kindness", "x", clock.now(), by="web")
        assert {it.user_id for it in list_entries(conn, other)} == {other}
        assert len(list_entries(conn, None, action="kind")) == 12
        assert len(list_entries(conn, None, action="kind.2")) == 3
        assert list_entries(conn, None, action="%") == []
        whole = list_entries(conn, None)
        first = list_entries(conn, None, limit=5)
        rest = list_entries(conn, None, before=first[-1].id)
        assert first + rest == whole
        assert list_entries(conn, None, before=2**70, limit=1) == whole[:1]
