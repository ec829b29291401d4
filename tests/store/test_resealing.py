"""Rotating keys: everything is sealed anew, nothing is lost, whenever it is interrupted."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support.databases import START

from personal_assistant.store import resealing
from personal_assistant.store.bulk import update_rows
from personal_assistant.store.database import Database
from personal_assistant.store.key_file import KeyFile
from personal_assistant.store.people import get_owner
from personal_assistant.store.resealing import rotate, survey
from personal_assistant.store.secrets import Vault
from personal_assistant.store.tables import addresses, watches


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with its key file in the test's folder."""
    return Vault(KeyFile(tmp_path / "keys"))


def fill(db: Database, vault: Vault) -> None:
    """Three addresses, a watch that tells something outside, and one that does not."""
    with db.write() as conn:
        user_id = get_owner(conn).id
        for number in (1, 2, 3):
            row = {"id": number, "user_id": user_id, "channel": "push", "name": f"it {number}", "masked": "…"}
            sealed = vault.seal(f"address {number}", f"addresses:{number}")
            conn.execute(sa.insert(addresses).values(**row, position=number, created_at=START, sealed=sealed))
        conn.execute(sa.insert(watches).values(id=1, user_id=user_id, sealed=vault.seal("watch", "watches:1")))


def opened(db: Database, vault: Vault) -> list[str]:
    with db.read() as conn:
        rows = [(table, row) for table in (addresses, watches) for row in conn.execute(sa.select(table)).all()]
    return sorted(vault.open(row.sealed, f"{table.name}:{row.id}") for table, row in rows)


ALL = ["address 1", "address 2", "address 3", "watch"]


def counts(db: Database, vault: Vault) -> list[int]:
    """How many secrets each key has sealed, the first key's first."""
    with db.read() as conn:
        found = survey(conn, vault)
    assert not found.lost
    return [found.by_key[key] for key in vault.ids()]


def test_everything_is_sealed_with_the_new_key(db: Database, vault: Vault) -> None:
    fill(db, vault)
    beside = Vault(KeyFile(vault.file.path.parent))
    assert opened(db, beside) == ALL
    done = rotate(db, vault)
    assert (done.new_key, done.finished, done.resealed, done.lost) == (vault.ids()[0], False, 4, ())
    assert counts(db, vault) == [4, 0]
    assert opened(db, beside) == ALL, "a process that runs reads the new key"
    assert rotate(db, beside).resealed == 4
    assert counts(db, vault) == [4, 0, 0]


def test_one_that_was_killed_loses_nothing_and_is_finished_by_the_next(
    db: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(db, vault)

    def killed(conn: sa.Connection, table: sa.Table, *more: Any) -> None:
        if table is watches:
            raise KeyboardInterrupt
        update_rows(conn, table, *more)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(resealing, "update_rows", killed)
        rotate(db, vault)
    assert counts(db, vault) == [0, 4]
    assert opened(db, vault) == ALL
    done = rotate(db, vault)
    assert (done.new_key, done.finished, done.resealed) == (None, True, 4)
    assert counts(db, vault) == [4, 0]


def test_what_cannot_be_opened_is_left_as_it_is_and_told(db: Database, vault: Vault) -> None:
    fill(db, vault)
    foreign = Vault(vault.file, [b"o" * 32]).seal("address 2", "addresses:2")
    with db.write() as conn:
        conn.execute(sa.update(addresses).where(addresses.c.id == 2).values(sealed=foreign))
    for _ in range(2):
        done = rotate(db, vault)
        assert done.new_key == vault.ids()[0]
        assert (done.resealed, len(done.lost)) == (3, 1)
        assert "addresses:2" in done.lost[0]
    with db.read() as conn:
        assert conn.execute(sa.select(addresses.c.sealed).where(addresses.c.id == 2)).scalar_one() == foreign


def test_keys_of_the_setting_are_used_as_they_are_given(db: Database, vault: Vault) -> None:
    old, new = b"1" * 32, b"2" * 32
    fill(db, Vault(vault.file, [old]))
    both = Vault(vault.file, [new, old])
    done = rotate(db, both)
    assert (done.new_key, done.finished, done.resealed) == (None, False, 4)
    assert opened(db, Vault(vault.file, [new])) == ALL
    assert not vault.file.path.exists()


def test_the_first_rotation_of_nothing_makes_a_key(db: Database, vault: Vault) -> None:
    assert rotate(db, vault).resealed == 0
    assert len(vault.ids()) == 1
