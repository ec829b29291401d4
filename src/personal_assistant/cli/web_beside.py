"""The web face in a process of its own beside `up`: no request makes a reminder late, and neither takes the other down.

    python -m personal_assistant.cli.web_beside DESCRIPTOR

serves what connects to that listening socket, until standard input ends: so it does not outlive who started it.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from personal_assistant.workers.logs import configure_logging, get_logger

# Of two starts of one that ends by itself: it must not keep the machine busy.
_BETWEEN_STARTS_SECONDS = 1.0
_STOP_SECONDS = 8.0
_log = get_logger(__name__)


@contextmanager
def served_beside(listening: socket.socket) -> Iterator[None]:
    """Have another process serve this socket until the block ends. One that ends earlier is started anew.

    What connects while none serves waits. Nothing but the socket, the settings and the database is shared.
    """
    beside = _Beside(listening)
    keeper = threading.Thread(target=beside.keep, name="web-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        beside.end()
        keeper.join(_STOP_SECONDS)
        listening.close()


class _Beside:
    """The process that serves, and whether it is to end."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        while (process := self._start()) is not None:
            started = time.monotonic()
            code = process.wait()
            if self._ends.wait(max(0.0, started + _BETWEEN_STARTS_SECONDS - time.monotonic())):
                return
            _log.warning("the web face ended and is started again", code=code)

    def end(self) -> None:
        with self._lock:
            self._ends.set()
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ends.is_set():
                return None
            number = self._listening.fileno()
            # In a group of its own: Ctrl-C reaches it by its parent, which has it end after itself.
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", __name__, str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[number],
                process_group=0,
            )
            return self._process


def _exit_with_parent() -> None:
    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()


def main() -> None:
    """Serve the socket that the first argument names."""
    from personal_assistant.api.server import serving
    from personal_assistant.cli.lasting import end_on_signals, leave
    from personal_assistant.workers.garbage import collect_less
    from personal_assistant.workers.runtime import runtime

    _exit_with_parent()
    current = runtime()
    configure_logging(current.settings)
    ended = end_on_signals()
    with serving(current, socket.socket(fileno=int(sys.argv[1]))):
        collect_less()
        ended.wait()
    leave()


if __name__ == "__main__":
    main()
