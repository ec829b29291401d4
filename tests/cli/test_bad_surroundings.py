"""Configuration, data and disk that are not as they should be: a sentence, an exit code, and nothing half done."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.conftest import CommandLine
from tests.end_to_end.assistants import run_cli

READING = ("ai-tasks", "list")
WRITING = ("ai-tasks", "pause", "1")


def fails(cli: CommandLine, sentence: str, *arguments: str) -> None:
    answer = cli(*arguments)
    assert (answer.code, answer.out) == (1, ""), answer
    assert answer.err.startswith("❌ ") and sentence in answer.err, answer
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lease_seconds = [", "is not valid TOML"),
        ("\x00", "is not valid TOML"),
        ('lease_seconds = "long"', "The setting lease_seconds has a value that cannot be used"),
        ("lease_seconds = 0", "The setting lease_seconds"),
        ("worker_threads = 1.5", "The setting worker_threads"),
        ('log_level = "LOUD"', "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ],
)
def test_a_corrupt_configuration_file(cli: CommandLine, tmp_path: Path, text: str, sentence: str) -> None:
    file = configuration(tmp_path, text)
    fails(cli, sentence, *READING)
    file.unlink()
    cli.ok(*READING)


def configuration(tmp_path: Path, text: str) -> Path:
    """Write `assistant.toml` where it is looked for."""
    file = tmp_path / "config" / "personal_assistant" / "assistant.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("name", "sentence"), [("none.toml", "none.toml, which does not exist. Name a"), (".", ", which is a folder. Name")]
)
def test_a_configuration_file_that_is_named_and_is_none(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    monkeypatch.setenv("ASSISTANT_CONFIG", str(tmp_path / name))
    fails(cli, f"ASSISTANT_CONFIG names {tmp_path}", *READING)
    fails(cli, sentence, *READING)
    monkeypatch.setenv("ASSISTANT_CONFIG", "/dev/null")
    cli.ok(*READING)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"this is no setting\n= 'neither\n", ".env cannot be read at line 1"),
        (b"A=1\n\n'x y\n", ".env cannot be read at line"),
        (b"\xff\xfeA=1\n", "A configuration file cannot be read"),
        (b"ASSISTANT_LEASE_SECONDS=soon\n", "The setting lease_seconds"),
    ],
)
def test_a_corrupt_env_file(cli: CommandLine, tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    fails(cli, sentence, *READING)


def test_names_that_are_no_settings_are_reported_by_doctor(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ASSISTANT_LEESE_SECONDS=9\nSOMEBODY_ELSES=1\n")
    file = configuration(tmp_path, "wrker_threads = 3\n")
    found = [it["message"] for it in cli("doctor", "--json").document if it["check"] == "settings"]
    assert found == [
        f"There is no setting like assistant_leese_seconds in {tmp_path}/.env.",
        f"There is no setting like wrker_threads in {file}.",
    ]


def test_two_names_of_one_setting_with_different_values_are_reported_by_doctor(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, other = f"sqlite:///{tmp_path / 'data' / 'assistant.db'}", "sqlite:///other.db"
    monkeypatch.setenv("DATABASE_URL", used)
    monkeypatch.setenv("ASSISTANT_DATABASE_URL", other)
    (tmp_path / ".env").write_text(f"DATABASE_URL={used}\nASSISTANT_DATABASE_URL={other}\n")
    found = [it["message"] for it in cli("doctor", "--json").document if it["check"] == "settings"]
    assert found == ["The environment names two databases.", f"{tmp_path}/.env names two databases."]
    assert cli.document("init")["database"] == str(tmp_path / "data" / "assistant.db")
    monkeypatch.setenv("ASSISTANT_DATABASE_URL", used)
    (tmp_path / ".env").unlink()
    assert [it for it in cli("doctor", "--json").document if it["check"] == "settings"] == []


def test_a_zone_is_kept_as_the_zone_data_base_spells_it(new_cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_ZONE", "europe/paris")
    assert new_cli.document("init")["owner"]["zone"] == "Europe/Paris"


def test_a_zone_that_does_not_exist(new_cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_ZONE", "Mars/Olympus")
    fails(new_cli, "It is set by ASSISTANT_ZONE", "init")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "The database URL cannot be used"),
        ("oracle9://x", "The database URL cannot be used"),
        ("postgresql://ada:secret@127.0.0.1:1/x", "the server does not answer"),
        ("sqlite:////nonexistent/folder/x.db", "it cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_reached(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    answer = cli(*READING)
    assert answer.code == 1 and sentence in answer.err and "secret" not in answer.err


def test_a_database_from_a_newer_version(cli: CommandLine, tmp_path: Path) -> None:
    cli.forget()
    with sqlite3.connect(tmp_path / "data" / "assistant.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    before = (tmp_path / "data" / "assistant.db").read_bytes()
    for command in (READING, ("up",), ("init",), ("migrate",), ("status",)):
        fails(cli, "is at revision 0999, which this version does not know", *command)
    cli.forget()
    assert (tmp_path / "data" / "assistant.db").read_bytes() == before


@pytest.mark.parametrize("content", [os.urandom(8192), b"SQLite format 3\x00" + b"\xff" * 8000, b"text\n" * 2000])
def test_a_database_that_is_none(new_cli: CommandLine, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "assistant.db").write_bytes(content)
    fails(new_cli, "The database", *READING)
    fails(new_cli, "The database", "up")
    new_cli.forget()
    assert (tmp_path / "data" / "assistant.db").read_bytes() == content


def test_a_data_directory_that_is_a_file(new_cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    fails(new_cli, "cannot be made", "init")


def test_a_read_only_data_directory(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("remind", "call mom tomorrow at 9am")
    cli.forget()
    with read_only(tmp_path / "data") as advice:
        fails(cli, f"The data directory {tmp_path / 'data'} cannot be written: ", "up")
        for command in (("init",), WRITING, ("remind", "call mom tomorrow at 9am")):
            fails(cli, advice, *command)
    assert [task["status"] for task in cli.document(*READING)] == ["active"]


def test_a_full_disk(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.ok("remind", "call mom tomorrow at 9am")
    cli.forget()
    with small_disk(tmp_path / "small", 900) as folder:
        shutil.copytree(tmp_path / "data", folder, dirs_exist_ok=True)
        monkeypatch.setenv("ASSISTANT_DATA_DIR", str(folder))
        fill(folder / "filling")
        for command in (WRITING, ("remind", "call mom tomorrow at 9am"), READING):
            fails(cli, "space", *command)
        answer = run_cli(folder, "up", "--json")
        assert answer.returncode == 1 and set(json.loads(answer.stdout)) == {"error"}
        cli.forget()
        (folder / "filling").unlink()
        assert [task["status"] for task in cli.document(*READING)] == ["active"]
        cli.ok(*WRITING)
        cli.forget()


@contextmanager
def read_only(folder: Path) -> Iterator[str]:
    """Make a folder read-only: by its rights, or by a mount for root, whom rights do not hold. Gives what to advise."""
    if os.geteuid() != 0:
        with without_write_rights(folder):
            yield "check the permissions of the file and of its folder"
        return
    mounted("mount", "--bind", str(folder), str(folder))
    try:
        mounted("mount", "-o", "remount,ro,bind", str(folder))
        yield "check that the folder exists and that you may write in it"
    finally:
        mounted("umount", str(folder))


@contextmanager
def without_write_rights(folder: Path) -> Iterator[None]:
    before = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in before.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of a few hundred kilobytes."""
    if os.geteuid() != 0 and "CI" not in os.environ:
        pytest.skip("only root can mount a small file system")
    folder.mkdir()
    mounted("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        mounted("umount", str(folder))


def mounted(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        tell = pytest.fail if "CI" in os.environ else pytest.skip
        tell(f"nothing can be mounted here: {done.stderr.strip()}")


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            return
