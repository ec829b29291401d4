"""All that is sealed in the database: under which keys, whether it opens, and having it sealed with the first key."""

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from personal_assistant.store.bulk import update_rows
from personal_assistant.store.database import Database
from personal_assistant.store.secrets import SecretsError, Vault
from personal_assistant.store.tables import addresses, second_factors, watches

# What a row's secret is bound to is «<table>:<id>».
_SEALED = (addresses, watches, second_factors)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is sealed: the number of secrets under each key's name, and why some cannot be opened."""

    by_key: Counter[str] = field(default_factory=Counter)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `finished` says that it only completed one that had been interrupted.

    new_key: the name of the key that it made; None where the keys are set by the operator, or it finished one.
    resealed: the number of secrets that are now sealed with the first key and were not.
    lost: why some could not be opened; they are as they were.
    """

    new_key: str | None
    finished: bool
    resealed: int
    lost: tuple[str, ...]


def survey(conn: sa.Connection, vault: Vault) -> Sealed:
    """Open everything once. Raises SecretsError where there are no keys to be read."""
    by_key: Counter[str] = Counter()
    lost: list[str] = []
    for table in _SEALED:
        for row in conn.execute(_rows(table)):
            try:
                vault.open(row.sealed, f"{table.name}:{row.id}")
                by_key[vault.id_of(row.sealed)] += 1
            except SecretsError as error:
                lost.append(str(error))
    return Sealed(by_key, tuple(lost))


def rotate(db: Database, vault: Vault) -> Rotated:
    """Make a new first key, where they are kept in the key file, and seal everything with the first one.

    The key is on disk before anything is sealed with it, and the old ones stay; so a rotation that was killed has lost
    nothing. The next one then finishes it, without another key. Raises SecretsError.
    """
    with db.read() as conn:
        before = survey(conn, vault)
    finished = any(key not in vault.ids()[:1] for key in before.by_key)
    new_key = None
    if vault.has_file and not finished:
        vault.file.add()
        new_key = vault.ids()[0]
    with db.write() as conn:
        count, lost = _reseal(conn, vault)
    return Rotated(new_key, finished and vault.has_file, count, lost)


def _reseal(conn: sa.Connection, vault: Vault) -> tuple[int, tuple[str, ...]]:
    count, lost = 0, []
    for table in _SEALED:
        changed = []
        for row in conn.execute(_rows(table).with_for_update()).all():
            about = f"{table.name}:{row.id}"
            try:
                if not vault.is_current(row.sealed):
                    changed.append((row.id, vault.seal(vault.open(row.sealed, about), about)))
            except SecretsError as error:
                lost.append(str(error))
        update_rows(conn, table, "id", ("sealed",), changed)
        count += len(changed)
    return count, tuple(lost)


def _rows(table: sa.Table) -> "sa.Select[tuple[int, str]]":
    return sa.select(table.c.id, table.c.sealed).where(table.c.sealed.is_not(None)).order_by(table.c.id)
