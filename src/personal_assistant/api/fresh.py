"""Answers that take a walk through the whole ledger: made once in some seconds, however often they are asked for."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")


class Fresh:
    """What was made in the last `seconds`. `timer` gives seconds that never go back."""

    def __init__(self, seconds: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._timer = seconds, timer
        self._lock = threading.Lock()
        self._made: dict[str, tuple[float, Any]] = {}

    def get(self, name: str, make: Callable[[], _T]) -> _T:
        """The answer of that name, made now where it is not fresh. Who asks meanwhile waits and gets the same."""
        with self._lock:
            made_at, answer = self._made.get(name, (0.0, None))
            if name in self._made and self._timer() - made_at < self._seconds:
                return answer  # type: ignore[no-any-return]
            made = make()
            self._made[name] = (self._timer(), made)
            return made
