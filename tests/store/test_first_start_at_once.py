"""Several programs that meet on a database file that does not exist yet."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import sqlalchemy as sa

from personal_assistant.store.database import Database

ATTEMPTS = 40


def open_first(url: str, together: Barrier) -> str:
    db = Database(url)
    together.wait()
    with db.read() as conn:
        mode: str = conn.execute(sa.text("PRAGMA journal_mode")).scalar_one()
    db.close()
    return mode


def test_two_that_open_a_new_file_together_both_get_it_in_wal_mode(tmp_path: Path) -> None:
    together = Barrier(2)
    with ThreadPoolExecutor(2) as programs:
        for attempt in range(ATTEMPTS):
            url = f"sqlite:///{tmp_path / f'{attempt}.db'}"
            found = [programs.submit(open_first, url, together) for _ in range(2)]
            assert [future.result() for future in found] == ["wal", "wal"]
