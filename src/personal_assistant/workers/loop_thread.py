"""An event loop on a thread of its own, which goes on whatever its coroutines do."""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from personal_assistant.workers.logs import get_logger

log = get_logger(__name__)

_CLOSE_SECONDS = 1.0


class LoopThread:
    """Runs from its creation until `stop`. Raises RuntimeError when no thread can be started."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="job-loop", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self.loop.close()
            raise

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Have a function called on the loop."""
        self.loop.call_soon_threadsafe(function, *args)

    def answers(self, seconds: float) -> bool:
        """Whether the loop turns: False when something has blocked it for so long."""
        answered = threading.Event()
        self.call(answered.set)
        return answered.wait(seconds)

    def stack(self) -> str:
        """What the thread is doing."""
        return "".join(traceback.format_stack(sys._current_frames().get(self._thread.ident or 0)))

    def stop(self) -> None:
        """End it once it is no longer blocked; what it runs is cancelled."""
        self._stopping.set()
        self.call(self.loop.stop)

    def join(self) -> None:
        """Wait for its end, for a moment at most."""
        self._thread.join(_CLOSE_SECONDS)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                self.loop.run_forever()
            except BaseException:  # SystemExit in a coroutine that a job spawned comes through here
                log.exception("something tried to end the event loop; it goes on")
        left = asyncio.all_tasks(self.loop)
        for coroutine in left:
            coroutine.cancel()
        if left:
            self.loop.run_until_complete(asyncio.wait(left, timeout=_CLOSE_SECONDS))
        self.loop.close()
