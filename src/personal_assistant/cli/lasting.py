"""What commands have in common that run until they are told to end."""

import os
import signal
import sys
import threading

_SIGNALS = "stop-signals"
KEEPER_WATCH = "keeper-watch"


def end_on_signals() -> threading.Event:
    """An event that the first SIGINT, SIGTERM or SIGHUP sets; a further one ends the process at once.

    Not a further SIGHUP, though: a closed terminal sends one, and so does its shell. Where it is ignored (nohup), it
    stays so.

    Python writes each signal's number into a pipe, whichever thread the system gives it to, and a thread reads them
    there: a handler would run only once the main thread wakes up.
    """
    ended = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    for number in (signal.SIGINT, signal.SIGTERM, *hangup):
        signal.signal(number, lambda number, frame: None)

    def read() -> None:
        os.read(reading, 1)
        ended.set()
        while (further := os.read(reading, 1)[0]) == signal.SIGHUP:
            pass
        os._exit(128 + further)

    threading.Thread(target=read, name=_SIGNALS, daemon=True).start()
    return ended


def leave() -> None:
    """End now where Python would not end well by itself.

    It would wait for ever for a thread that a job has left and that cannot be interrupted, and it would fail on a
    closed terminal.
    """
    # Daemons too: a thread of asyncio.to_thread is one, and is waited for all the same.
    ours = {threading.main_thread().name, _SIGNALS, KEEPER_WATCH}
    left = any(thread.name not in ours for thread in threading.enumerate())
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        left = True
    if left:
        os._exit(0)
