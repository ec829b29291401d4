"""One peer on empty servers: its producer, its worker, and the marks that its jobs leave."""

import json
import os
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from environments import PEERS, CannotRunError, python_of
from servers import Servers

_RECORD = struct.Struct("<qd")
_LOOK_EVERY_SECONDS = 0.02
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
FILL_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. `limit`: seconds after which a measurement is cut off and what is there is counted."""

    count: int
    waiting: int
    burst: int
    concurrency: int
    limit: float


@dataclass(frozen=True, slots=True)
class Bench:
    """One peer on one pair of servers, with a folder of its own for one measurement."""

    peer: str
    servers: Servers
    size: Size
    folder: Path
    python: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "python", python_of(self.peer))

    @property
    def marks(self) -> Path:
        """What the jobs write to."""
        return self.folder / "marks"

    def environment(self, concurrency: int) -> dict[str, str]:
        """The environment variables of producer and worker."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSISTANT_", "PG", "UV_"))}
        kept.pop("DATABASE_URL", None)
        return kept | {
            "PYTHONPATH": f"{PEERS / self.peer}:{PEERS / 'common'}",
            "PEERS_MARKS": str(self.marks),
            "PEERS_FOLDER": str(self.folder),
            "PEERS_VALKEY": self.servers.valkey_url,
            "PEERS_POSTGRES": self.servers.postgres_url("peers"),
            "PEERS_CONCURRENCY": str(concurrency),
        }

    def drive(self, *arguments: str, concurrency: int = 10) -> str:
        """Let the adapter do something; gives what it prints. Raises CannotRunError."""
        command = [str(self.python), "-m", "drive", *arguments]
        options: dict[str, Any] = {"env": self.environment(concurrency), "cwd": self.folder, "timeout": FILL_SECONDS}
        try:
            done = subprocess.run(command, capture_output=True, text=True, **options)
        except subprocess.TimeoutExpired as error:
            raise CannotRunError(f"`{arguments[0]}` took more than {FILL_SECONDS:.0f} s.") from error
        if done.returncode:
            raise CannotRunError(f"`{arguments[0]}` failed: {_last_line(done.stderr)}")
        return done.stdout

    @contextmanager
    def worker(self, kind: str, concurrency: int) -> Iterator[list[psutil.Process]]:
        """The peer's worker, until the block ends."""
        commands = json.loads(self.drive("workers", kind, str(concurrency), concurrency=concurrency).splitlines()[-1])
        processes: list[psutil.Process] = []
        try:
            with (self.folder / "log").open("ab") as log:
                for command in commands:
                    environment = self.environment(concurrency)
                    options: dict[str, Any] = {"stdout": log, "stderr": log, "start_new_session": True}
                    guarded = ["setpriv", "--pdeathsig", "TERM", *command]
                    processes.append(psutil.Popen(guarded, env=environment, cwd=self.folder, **options))
            yield processes
        finally:
            _stop(processes)

    def seen(self) -> dict[int, float]:
        """Number to time of the first mark of each job that has left one."""
        data = self.marks.read_bytes() if self.marks.exists() else b""
        whole = len(data) // _RECORD.size * _RECORD.size
        times: dict[int, float] = {}
        for number, at in _RECORD.iter_unpack(data[:whole]):
            times.setdefault(number, at)
        return times

    def wait_for(self, count: int, workers: list[psutil.Process], seconds: float) -> None:
        """Until as many marks are there, or `seconds` have gone since the first. Raises CannotRunError."""
        started, first = time.monotonic(), None
        while self._marked() < count:
            now = time.monotonic()
            if first is None and self._marked():
                first = now
            if any(not it.is_running() or it.status() == psutil.STATUS_ZOMBIE for it in workers):
                raise CannotRunError(f"Its worker ended: {self._last_words()}")
            if first is None and now - started > _START_SECONDS:
                raise CannotRunError(f"Its worker did nothing within {_START_SECONDS:.0f} s.")
            if first is not None and now - first > seconds:
                return
            time.sleep(_LOOK_EVERY_SECONDS)

    def _last_words(self) -> str:
        return _last_line((self.folder / "log").read_text(errors="replace"))

    def _marked(self) -> int:
        return self.marks.stat().st_size // _RECORD.size if self.marks.exists() else 0


@contextmanager
def bench(peer: str, servers: Servers, size: Size) -> Iterator[Bench]:
    """Everything empty and prepared."""
    with tempfile.TemporaryDirectory(prefix=f"peers-{peer}-", ignore_cleanup_errors=True) as folder:
        servers.empty()
        made = Bench(peer, servers, size, Path(folder))
        made.drive("prepare")
        yield made


def megabytes(processes: list[psutil.Process]) -> float:
    """Megabytes, proportional where pages are shared."""
    every = [one for process in processes for one in (process, *process.children(recursive=True))]
    total = 0
    for one in every:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return round(total / 1_048_576, 1)


def _stop(processes: list[psutil.Process]) -> None:
    """Ask, then insist, for the processes and all that they have started."""
    every = []
    for process in processes:
        try:
            every += [process, *process.children(recursive=True)]
            process.send_signal(signal.SIGTERM)
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(every, timeout=_STOP_SECONDS)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=_STOP_SECONDS)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
