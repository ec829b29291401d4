"""The streams of this process, and the thread that looks for all of them together while there are any."""

import asyncio
import threading
import uuid
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from personal_assistant.api.live import looking
from personal_assistant.api.live.looking import Eyes, News
from personal_assistant.errors import AssistantError
from personal_assistant.jobs import signals
from personal_assistant.store.errors import StoreError
from personal_assistant.workers.runtime import Runtime

_log = structlog.get_logger(__name__)

MOST_STREAMS = 300
MOST_OF_ONE = 150
# From one look to the next at the most, and at the least: a signal that the ledger has changed brings it forward.
_LONGEST_SECONDS = 0.5
_SHORTEST_SECONDS = 0.25
_STOP_SECONDS = 5.0
_MOST_WAITING = 500
_OLDEST_MARK = timedelta(hours=1)


class TooManyStreamsError(AssistantError):
    """As many streams as this process keeps are open."""


class Stream:
    """What one client still has to be told. All of it is used in the client's event loop."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.ended = False
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[News] = deque()
        self._something = asyncio.Event()

    async def next(self, seconds: float) -> list[News]:
        """What there is to tell; nothing after so many seconds without news, or at the end."""
        try:
            await asyncio.wait_for(self._something.wait(), seconds)
        except TimeoutError:
            return []
        news = list(self._waiting)
        self._waiting.clear()
        if not self.ended:
            self._something.clear()
        return news

    def tell(self, news: Sequence[News]) -> None:
        """Hand over news. From any thread."""
        self._call(news, False)

    def end(self) -> None:
        """Have the client be told that this is the end. From any thread."""
        self._call((), True)

    def _call(self, news: Sequence[News], ended: bool) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, news, ended)

    def _take(self, news: Sequence[News], ended: bool) -> None:
        self._waiting.extend(news)
        self.ended = self.ended or ended
        if len(self._waiting) > _MOST_WAITING:  # it reads too slowly
            last = self._waiting[-1]
            self._waiting = deque([News(self.user_id, "reload", "{}", last.mark)])
        if self._waiting or self.ended:
            self._something.set()


class Feed:
    """All streams of a process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        # One whose client is gone before it began to read is forgotten with its answer.
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._listener: signals.Listener | None = None

    def open(self, stream: Stream, mark: str | None) -> list[News]:
        """Begin to tell a stream its person's news. Gives what it missed since that mark, first of all where it is now.

        Asks the database. Raises TooManyStreamsError and StoreError.
        """
        now = self._runtime.clock.now()
        with self._lock:
            theirs = sum(it.user_id == stream.user_id for it in self._streams)
            if len(self._streams) >= MOST_STREAMS or theirs >= MOST_OF_ONE or self._closed.is_set():
                raise TooManyStreamsError("As many streams as can be are open. Close some, or try again in a moment.")
            with self._runtime.db.read() as conn:
                place = looking.mark_of(looking.newest_message(conn), now)
                begun = [News(stream.user_id, "ready", "{}", place), *self._missed(conn, stream.user_id, mark, place)]
                if self._thread is None:
                    self._start(Eyes(conn, now))
            self._streams.add(stream)
        return begun

    def leave(self, stream: Stream) -> None:
        """Tell it nothing more."""
        with self._lock:
            self._streams.discard(stream)

    def close(self) -> None:
        """End all streams, and take no more."""
        self._closed.set()
        with self._lock:
            streams, thread, listener = list(self._streams), self._thread, self._listener
            self._streams.clear()
            if listener is not None:
                listener.wake()
        for stream in streams:
            stream.end()
        if thread is not None:
            thread.join(_STOP_SECONDS)

    def _missed(self, conn: sa.Connection, user_id: int, mark: str | None, place: str) -> list[News]:
        if mark is None:
            return []
        read = _read(mark)
        now = self._runtime.clock.now()
        known = read is not None and now - _OLDEST_MARK <= read[1] <= now + _OLDEST_MARK
        missed = looking.since(conn, user_id, *read) if known and read is not None else None
        return [News(user_id, "reload", "{}", place)] if missed is None else missed

    def _start(self, eyes: Eyes) -> None:
        self._thread = threading.Thread(target=self._watch, args=(eyes,), name="events", daemon=True)
        self._thread.start()

    def _watch(self, eyes: Eyes) -> None:
        try:
            with closing(signals.listen(self._runtime.db, f"web-{uuid.uuid4()}")) as listener:
                self._listener = listener
                self._look_again_and_again(eyes, listener)
        except Exception as error:
            _log.warning("the streams of events end", error=type(error).__name__)
            with self._lock:
                self._thread = self._listener = None
                streams = list(self._streams)
                self._streams.clear()
            for stream in streams:  # their clients come again
                stream.end()

    def _look_again_and_again(self, eyes: Eyes, listener: signals.Listener) -> None:
        while True:
            closed = self._closed.wait(_SHORTEST_SECONDS)
            with self._lock:
                streams = list(self._streams)
                if closed or not streams:
                    self._thread = self._listener = None
                    return
            try:
                self._look(eyes, streams)
            except StoreError:
                _log.warning("what changed cannot be looked for: the database does not answer")
            del streams
            listener.wait(_LONGEST_SECONDS - _SHORTEST_SECONDS)

    def _look(self, eyes: Eyes, streams: Sequence[Stream]) -> None:
        with self._runtime.db.read() as conn:
            found = eyes.look(conn, {it.user_id for it in streams}, self._runtime.clock.now())
        by_person: dict[int, list[News]] = {}
        for news in found:
            by_person.setdefault(news.user_id, []).append(news)
        for stream in streams:
            if stream.user_id in by_person:
                stream.tell(by_person[stream.user_id])


def _read(mark: str) -> tuple[int, datetime] | None:
    message_id, _, instant = mark.partition("-")
    if not (len(mark) < 35 and (message_id + instant).isascii() and message_id.isdecimal() and instant.isdecimal()):
        return None
    if len(message_id) > 18 or len(instant) > 13:
        return None
    return int(message_id), datetime.fromtimestamp(int(instant) / 1000, UTC)
