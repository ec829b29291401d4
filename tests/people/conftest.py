"""What the tests about signing in share."""

from pathlib import Path

import pytest
from tests.people.support import cheap_hashes

from personal_assistant.people import passwords
from personal_assistant.store.key_file import KeyFile
from personal_assistant.store.secrets import Vault

REAL_HASHER = passwords._hasher


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of the same kind that cost a thousandth."""
    cheap_hashes(monkeypatch)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with its key file in the test's folder."""
    return Vault(KeyFile(tmp_path / "keys"))
