"""What the tests of AI tasks share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.databases import copy_sqlite

from personal_assistant.store.database import Database


@pytest.fixture
def sqlite_db(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """For what is about time, and not about SQL."""
    database = Database(copy_sqlite(sqlite_template, tmp_path / "assistant.db"))
    yield database
    database.close()
