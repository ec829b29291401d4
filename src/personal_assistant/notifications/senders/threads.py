"""Work that blocks, in threads of its own: a bounded number of them, none of which holds up the end of the process."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from weakref import WeakKeyDictionary

from personal_assistant.notifications.model import TryLater, Unknown

T = TypeVar("T")

_THREADS = 16
# How long a message may wait for one of them.
_WAIT_SECONDS = 30.0

_slots_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_thread(work: Callable[[], T], seconds: float) -> T:
    """What the work returns or raises. It cannot be stopped: after `seconds` it goes on unheeded, in its thread.

    Raises TryLater when no thread is free for 30 s, Unknown when it takes longer than `seconds`.
    """
    loop = asyncio.get_running_loop()
    slots = _slots_of_loops.setdefault(loop, asyncio.Semaphore(_THREADS))
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            await slots.acquire()
    except TimeoutError:
        raise TryLater(f"too many services answer slowly: no thread was free for {_WAIT_SECONDS:g} s") from None
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        slots.release()
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        # The loop may have ended meanwhile, and with it whoever waited.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="sending", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await future
    except TimeoutError:
        raise Unknown(f"the service was not done within {seconds:g} s") from None
