"""Where the servers of a topology come from, and what is left of it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.valkey import valkey_server

from personal_assistant.benchmarks import postgres_server, servers
from personal_assistant.benchmarks import valkey_server as valkey_module
from personal_assistant.benchmarks.topology import topology
from personal_assistant.errors import AssistantError
from personal_assistant.settings import get_settings
from personal_assistant.store.people import get_owner


@pytest.fixture
def given(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both servers named by their URLs; gives that of PostgreSQL."""
    url = postgres.format("postgres").replace("+psycopg", "")
    with valkey_server() as valkey:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("CELERY_BROKER_URL", valkey.url)
        get_settings.cache_clear()
        yield url
    get_settings.cache_clear()


def databases(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        return {str(name) for (name,) in conn.execute("SELECT datname FROM pg_database")}


def test_given_servers_are_used_in_a_database_that_goes_with_the_topology(given: str) -> None:
    before = databases(given)
    with topology() as made:
        assert (made.servers.postgres, made.servers.valkey, made.relays) == (None, None, [])
        [new] = databases(given) - before
        assert made.environment["DATABASE_URL"].split("?")[0].endswith(f"/{new}")
        assert made.environment["ASSISTANT_BROKER_KEY_PREFIX"] == made.servers.key_prefix != "assistant:"
        with made.runtime.db.read() as conn:
            assert get_owner(conn).zone == "UTC"
        assert list(made.programs) == ["scheduler-1", "scheduler-2", "worker-io", "worker-cpu", "worker-default"]
    assert databases(given) == before


def test_a_folder_that_holds_files_is_refused(given: str, tmp_path: Path) -> None:
    (tmp_path / "accepted").touch()
    with pytest.raises(AssistantError, match="name a new folder"), topology(keep_in=tmp_path):
        pass


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "system_programs", lambda: None)
    monkeypatch.setattr(servers, "packaged_programs", lambda folder: None)
    with pytest.raises(AssistantError, match=r"install the system's package \(postgresql\)"), servers.own_postgres():
        pass
    monkeypatch.setattr(servers, "system_program", lambda: None)
    monkeypatch.setattr(servers, "packaged_program", lambda: None)
    with pytest.raises(AssistantError, match="valkey-server or redis-server"), servers.own_valkey():
        pass


def test_the_systems_programs_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("postgres", "initdb", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert postgres_server.system_programs() == tmp_path
    assert valkey_module.system_program() == str(tmp_path / "redis-server")
