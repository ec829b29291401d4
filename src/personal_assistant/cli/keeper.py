"""A parent that has loaded all its child needs, and starts it anew within milliseconds when it is killed."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from personal_assistant.cli.lasting import KEEPER_WATCH, end_on_signals

# Of two starts of a child: one that is killed again and again must not keep the machine busy.
_BETWEEN_STARTS_SECONDS = 1.0
_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def kept() -> threading.Event:
    """Go on in a child, and return in that child only: an event that is set when it is to end.

    The parent stays in here: it passes on what asks it to end, starts a child that a signal has killed anew, and exits
    with the code of one that ends by itself. It must have neither threads nor connections when it comes. A child whose
    parent is gone is asked to end, for nobody would start it again.
    """
    from personal_assistant.workers.garbage import collect_less

    reading, writing = os.pipe()
    keeper = _Keeper()
    keeper.listen()
    # What the parent has loaded stays in memory that both share.
    collect_less()
    while True:
        sys.stdout.flush()
        sys.stderr.flush()
        started = time.monotonic()
        if keeper.fork() == 0:
            os.close(writing)
            return _in_child(reading)
        status = keeper.wait()
        if keeper.ends or os.WIFEXITED(status):
            code = os.waitstatus_to_exitcode(status)
            sys.exit(code if code >= 0 else 128 - code)
        print(f"⚠️ The child was killed (signal {os.WTERMSIG(status)}) and is started again.", file=sys.stderr)  # noqa: T201
        time.sleep(max(0.0, started + _BETWEEN_STARTS_SECONDS - time.monotonic()))


class _Keeper:
    """The parent's child, and whether the two are to end."""

    def __init__(self) -> None:
        self.child = 0
        self.ends = False

    def listen(self) -> None:
        """Pass on the signals that ask for the end. An ignored SIGHUP (nohup) stays ignored."""
        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._pass_on)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.ends = True
        if self.child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child, number)

    def wait(self) -> int:
        """Until the child has ended; its status, as os.waitpid gives it."""
        status = os.waitpid(self.child, 0)[1]
        self.child = 0
        return status

    def fork(self) -> int:
        """As os.fork: no signal comes between the fork and knowing whom to pass it on to."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        if self.ends:
            sys.exit(0)  # asked for while there was no child
        self.child = os.fork()
        if self.child:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        return self.child


def _in_child(reading: int) -> threading.Event:
    # A terminal's Ctrl-C reaches it by its parent, once.
    os.setpgid(0, 0)
    ended = end_on_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    _when_closed(reading, ended.set)
    return ended


def _when_closed(reading: int, call: Callable[[], None]) -> None:
    def wait() -> None:
        os.read(reading, 1)
        call()

    threading.Thread(target=wait, name=KEEPER_WATCH, daemon=True).start()
