"""What `assistant up` prints: each notification of the owner, once it is delivered."""

import errno
import sys
import threading
import time

import structlog

from personal_assistant.cli.notifications import document
from personal_assistant.cli.output import as_line, clean
from personal_assistant.notifications.inbox import Notification, mark_shown, unshown
from personal_assistant.store.errors import StoreError
from personal_assistant.store.people import Person
from personal_assistant.timing.zones import get_zone
from personal_assistant.workers.runtime import Runtime

log = structlog.get_logger(__name__)

_STEP = 500
_LEISURE = 10.0
_LATE_SECONDS = 60
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Console:
    """Prints on a thread of its own, so that a terminal that does not read holds nothing up.

    A notification is printed, then recorded as printed: a kill between the two repeats it at the next start, under
    the same number.
    """

    def __init__(self, runtime: Runtime, owner: Person, *, as_json: bool) -> None:
        self._runtime = runtime
        self._owner = owner
        self._zone = get_zone(owner.zone)
        self._as_json = as_json
        self._news = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process delivered and did not print."""
        self._news.set()
        self._thread.start()

    def look(self) -> None:
        """There may be news."""
        self._news.set()

    def stop(self) -> None:
        """Print what is left and return."""
        self._stopping = True
        self._news.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            self._news.wait()
            self._news.clear()
            stopping = self._stopping
            try:
                self._print_all()
                self._runtime.outage.worked("console")
            except StoreError as error:
                self._runtime.outage.failed("console", error)
            except OSError as error:
                if error.errno in _FULL:
                    # Space may come back; the next news tries again, and what was not recorded comes again.
                    log.error("nothing can be printed here for now", error=str(error))  # noqa: TRY400
                    continue
                log.error("nothing can be printed here any more", error=str(error))  # noqa: TRY400
                return
            except Exception:
                log.exception("notifications could not be printed; trying again at the next news")

    def _print_all(self) -> None:
        started = time.monotonic()
        while self._print_some():
            if not self._stopping:
                # A flood is printed at leisure, so that delivering goes first.
                time.sleep(_LEISURE * (time.monotonic() - started))
            started = time.monotonic()

    def _print_some(self) -> bool:
        with self._runtime.db.read() as conn:
            found = unshown(conn, self._owner.id, _STEP)
        if not found:
            return False
        sys.stdout.write("".join(f"{self._line(it)}\n" for it in found))
        sys.stdout.flush()
        with self._runtime.db.write() as conn:
            mark_shown(conn, [it.id for it in found], self._runtime.clock.now())
        return True

    def _line(self, it: Notification) -> str:
        if self._as_json:
            return as_line({"notification": document(it)})
        sign = "" if it.kind == "alert" else "⏰ "
        at = it.sent_at.astimezone(self._zone).strftime("%H:%M:%S")
        due = it.due_at.astimezone(self._zone).strftime("%d %b %H:%M") if it.due_at else ""
        late = f"  (was due {due})" if it.late_seconds is not None and it.late_seconds > _LATE_SECONDS else ""
        body = f" – {clean(it.body)}" if it.body else ""
        return f"{at}  {sign}{clean(it.title)}{body}{late}  #{it.id}"
