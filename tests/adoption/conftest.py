"""A PostgreSQL database of the earlier scheduler, and an open one of it."""

from collections.abc import Iterator

import pytest
from tests.adoption import legacy
from tests.adoption.moving import copy, full, other_url
from tests.cli.conftest import cli, new_cli
from tests.support.databases import new_postgres

from personal_assistant.store.database import Database

__all__ = ["cli", "copy", "full", "new_cli", "other_url"]


@pytest.fixture
def legacy_url(postgres: str) -> Iterator[str]:
    """A database as the earlier scheduler left it."""
    with new_postgres(postgres) as url:
        legacy.fill(url)
        yield url


@pytest.fixture
def legacy_db(legacy_url: str) -> Iterator[Database]:
    """The same, opened; nothing is changed yet."""
    db = Database(legacy_url)
    yield db
    db.close()
