"""Sealing: what was sealed is opened by the right key for the right thing, and by nothing else."""

import base64
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from personal_assistant.settings import Settings
from personal_assistant.store.key_file import KeyFile
from personal_assistant.store.secrets import SecretsError, Vault, vault_of


def text_of(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault in a folder without a key yet."""
    return Vault(KeyFile(tmp_path))


def settings_of(folder: Path, *keys: bytes) -> Settings:
    given = ",".join(text_of(key) for key in keys)
    return Settings(_env_file=None, data_dir=folder, secret_key=SecretStr(given))  # type: ignore[call-arg]


_KEPT = Vault(KeyFile(Path("/nonexistent")), [b"k" * 32])


@given(st.text(max_size=500).filter(lambda text: text.isprintable()), st.text("abc:123", max_size=30))
def test_what_was_sealed_is_opened(text: str, about: str) -> None:
    sealed = _KEPT.seal(text, about)
    assert _KEPT.open(sealed, about) == text
    assert sealed != _KEPT.seal(text, about)


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    # Of this length the base64 has no spare bits, which would mean nothing.
    sealed = _KEPT.seal("https://hooks.example.org/s3cret", "addresses:1")
    assert not sealed.endswith("=")
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda letter: letter != sealed[place]))
    with pytest.raises(SecretsError) as raised:
        _KEPT.open(sealed[:place] + other + sealed[place + 1 :], "addresses:1")
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("sealed", ["", "v1", "v1::", "v2:aaaaaaaa:AAAA", "plain text", "v1:a:b:c"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(SecretsError):
        _KEPT.open(sealed, "addresses:1")


def test_it_belongs_to_one_thing(vault: Vault) -> None:
    sealed = vault.seal("secret", "addresses:1")
    with pytest.raises(SecretsError, match="belongs to something else"):
        vault.open(sealed, "addresses:2")


def test_another_key_does_not_open_it(vault: Vault, tmp_path: Path) -> None:
    sealed = vault.seal("secret", "addresses:1")
    with pytest.raises(SecretsError, match="does not hold"):
        Vault(KeyFile(tmp_path / "elsewhere")).open(sealed, "addresses:1")
    assert not (tmp_path / "elsewhere").exists(), "opening makes no key"
    with pytest.raises(SecretsError, match="ASSISTANT_SECRET_KEY does not hold"):
        vault_of(settings_of(tmp_path, b"o" * 32)).open(sealed, "addresses:1")


def test_the_key_file_is_for_its_owner_only(vault: Vault) -> None:
    before = os.umask(0)
    try:
        vault.seal("secret", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(vault.file.path.stat().st_mode) == 0o600
    assert not vault.file.others_may_read()
    vault.file.path.chmod(0o640)
    assert vault.file.others_may_read()


def _seal(folder: str) -> str:
    return Vault(KeyFile(Path(folder))).seal("secret", "x")


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as processes:
        sealed = list(processes.map(_seal, [str(tmp_path)] * 16))
    vault = Vault(KeyFile(tmp_path))
    assert len(vault.ids()) == 1
    assert {vault.open(one, "x") for one in sealed} == {"secret"}
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_kill_while_the_first_key_is_made_leaves_nothing_in_the_way(vault: Vault) -> None:
    vault.file.path.with_suffix(".new").write_text("half a k")
    assert vault.open(vault.seal("secret", "x"), "x") == "secret"


def test_a_rotated_key_counts_at_once_in_a_process_that_runs(vault: Vault, tmp_path: Path) -> None:
    old = vault.seal("secret", "x")
    signing = vault.derive("links")
    rotating = KeyFile(tmp_path)
    rotating.add()
    assert not vault.is_current(old)
    assert vault.open(old, "x") == "secret"
    assert vault.is_current(vault.seal("secret", "x"))
    assert vault.derive("links") != signing
    assert vault.derive_all("links") == [vault.derive("links"), signing]


def test_of_several_keys_in_the_setting_the_first_seals_and_all_open(tmp_path: Path) -> None:
    first, second = b"1" * 32, b"2" * 32
    old = vault_of(settings_of(tmp_path, second)).seal("secret", "x")
    both = vault_of(settings_of(tmp_path, first, second))
    assert both.open(old, "x") == "secret"
    assert not both.is_current(old)
    assert vault_of(settings_of(tmp_path, first)).open(both.seal("secret", "x"), "x") == "secret"
    assert not (tmp_path / "secret.key").exists()


def test_keys_for_two_purposes_have_nothing_in_common(vault: Vault) -> None:
    assert len(vault.derive("links")) == 32
    assert vault.derive("links") == vault.derive("links")
    assert vault.derive("links") != vault.derive("feed")


@pytest.mark.parametrize("given", ["short", text_of(b"1" * 31), "ä" * 44, text_of(b"1" * 32) + ",x"])
def test_a_setting_that_is_no_key_is_refused_without_being_shown(given: str, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, secret_key=SecretStr(given))  # type: ignore[call-arg]
    with pytest.raises(SecretsError, match="ASSISTANT_SECRET_KEY holds a key that cannot be used") as raised:
        vault_of(settings)
    assert text_of(b"1" * 31) not in str(raised.value)


@pytest.mark.parametrize("content", [b"not a key\n", b"\xff\xfe", text_of(b"1" * 32).encode()[:20]])
def test_a_damaged_key_file_is_refused_and_kept(content: bytes, vault: Vault) -> None:
    vault.file.path.write_bytes(content)
    with pytest.raises(SecretsError):
        vault.seal("secret", "x")
    assert vault.file.path.read_bytes() == content


def test_an_empty_key_file_gets_a_key(vault: Vault) -> None:
    vault.file.path.touch(0o600)
    assert vault.open(vault.seal("secret", "x"), "x") == "secret"


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SecretsError, match="cannot be"):
        Vault(KeyFile(tmp_path / "file")).seal("secret", "x")
