"""The database and the broker of a topology: those that are given by URL, or new ones."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from personal_assistant.benchmarks.postgres_server import PostgresServer, packaged_programs, system_programs
from personal_assistant.benchmarks.valkey_server import ValkeyServer, packaged_program, system_program
from personal_assistant.errors import AssistantError
from personal_assistant.settings import get_settings, with_driver
from personal_assistant.store.database import Database

_DATABASE = "assistant"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they are. `postgres` and `valkey` are None where they were given: nothing is done to those."""

    database_url: str
    broker_url: str
    key_prefix: str
    postgres: PostgresServer | None
    valkey: ValkeyServer | None

    @property
    def ports(self) -> list[int]:
        """The ports of the own ones: PostgreSQL's, then Valkey's."""
        return [server.port for server in (self.postgres, self.valkey) if server is not None]

    def urls_by_ports(self, *ports: int) -> tuple[str, str]:
        """(database, broker) where one reaches the own ones by these ports instead, in the order of `ports`."""
        left = list(ports)
        database = self.postgres.url_by_port(_DATABASE, left.pop(0)) if self.postgres else self.database_url
        broker = self.valkey.url_by_port(left.pop(0)) if self.valkey else self.broker_url
        return database, broker


@contextmanager
def given_or_own(postgres_options: Sequence[str] = ()) -> Iterator[Servers]:
    """Both, as the settings say, with a new, empty database that is dropped at the end.

    Raises AssistantError where one is neither given nor can be started.
    """
    settings = get_settings()
    with ExitStack() as stack:
        database_url, postgres = stack.enter_context(postgres_database(postgres_options))
        valkey = None if settings.broker_url else stack.enter_context(own_valkey())
        prefix = f"assistant-bench-{secrets.token_hex(4)}:"
        yield Servers(database_url, valkey.url if valkey else settings.broker_url, prefix, postgres, valkey)


@contextmanager
def postgres_database(options: Sequence[str] = ()) -> Iterator[tuple[str, PostgresServer | None]]:
    """The URL of a new, empty database that is dropped at the end, on DATABASE_URL's server or, without it, an own one.

    Raises AssistantError where neither is there.
    """
    given = get_settings().database_url
    with ExitStack() as stack:
        if given:
            yield stack.enter_context(_new_database(given)), None
            return
        server = stack.enter_context(own_postgres(options))
        yield stack.enter_context(_new_database(server.url("postgres"), _DATABASE)), server


@contextmanager
def own_postgres(options: Sequence[str] = ()) -> Iterator[PostgresServer]:
    """A server from the system's programs, else from a package's, until the end of the block."""
    # Short, for the path of a socket has at most 107 bytes; reachable, for root's server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="assistant-pg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder, system_programs() or packaged_programs(folder), options)
        try:
            server.start()
            yield server
        finally:
            server.program.close()
    finally:
        shutil.rmtree(folder)


@contextmanager
def own_valkey() -> Iterator[ValkeyServer]:
    """A server that keeps what it holds, from the system's program, else from a package's."""
    with tempfile.TemporaryDirectory(prefix="assistant-valkey-") as folder:
        server = ValkeyServer(Path(folder), system_program() or packaged_program(), keeps=True)
        try:
            server.start()
            yield server
        finally:
            server.close()


@contextmanager
def _new_database(server: str, name: str = "") -> Iterator[str]:
    """A database of that name, or of a name that nobody else has; gives its URL."""
    url = sa.make_url(with_driver(server))
    if url.get_backend_name() != "postgresql":
        raise AssistantError("The topology needs PostgreSQL: unset DATABASE_URL, or name such a server.")
    name = name or f"assistant_bench_{secrets.token_hex(4)}"
    database = Database(with_driver(server))
    try:
        _alone(database, f"CREATE DATABASE {name}")
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            _alone(database, f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        database.close()


def _alone(database: Database, command: str) -> None:
    """Run a command that cannot be part of a transaction."""
    with database.read() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text(command))
