"""What the tests about signing in share."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from personal_assistant.people import passwords
from personal_assistant.store.key_file import KeyFile
from personal_assistant.store.secrets import Vault

REAL_HASHER = passwords._hasher


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of the same kind that cost a thousandth."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with its key file in the test's folder."""
    return Vault(KeyFile(tmp_path / "keys"))
