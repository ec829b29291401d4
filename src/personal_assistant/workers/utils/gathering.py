"""Look-ups of many coroutines in one read of the database."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

Key = TypeVar("Key")
Value = TypeVar("Value")


class Gathering(Generic[Key, Value]):
    """Looks values up by their keys. What is asked for while one look-up is under way is looked up together next.

    `fetch` is called in a thread with different keys; it returns the values that there are.
    """

    def __init__(self, fetch: Callable[[Sequence[Key]], Mapping[Key, Value]]) -> None:
        self._fetch = fetch
        self._waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, asyncio.Future[Value | None]]] = (
            WeakKeyDictionary()
        )
        self._busy: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = WeakKeyDictionary()

    async def get(self, key: Key) -> Value | None:
        """The value of a key; None where there is none. Raises what `fetch` raises."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(loop, {})
        future = waiting.get(key)
        if future is None:
            future = waiting[key] = loop.create_future()
        if loop not in self._busy:
            self._busy[loop] = loop.create_task(self._work(loop))
        # One that is cancelled must not take the others with it.
        return await asyncio.shield(future)

    async def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while waiting := self._waiting.pop(loop, {}):
                await self._look_up(waiting)
        finally:
            del self._busy[loop]

    async def _look_up(self, waiting: Mapping[Key, "asyncio.Future[Value | None]"]) -> None:
        try:
            found = await asyncio.to_thread(self._fetch, list(waiting))
        except Exception as error:
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # it is raised where it is awaited; nobody may be left there
            return
        for key, future in waiting.items():
            future.set_result(found.get(key))
