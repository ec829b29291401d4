"""Jobs with a limit."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.ai.catching_up import limit_of
from personal_assistant.ai.model import EXECUTE
from personal_assistant.jobs.lines import STEP
from personal_assistant.jobs.slots import hand_out, keys_in_line, next_look
from personal_assistant.jobs.turns import Turns
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks


class LimitScheduler:
    """Lets jobs start as soon as the limits of their key allow it, in one process at a time.

    After its start it goes once through every line: limits may have been declared anew, or tasks that were unknown.
    So it does after the clock was set back, for the instants at which rates are to be looked at are of the time before.
    """

    name = "limits"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._limits = {name: task.options.limit for name, task in load_tasks().tasks.items()}
        # Of its jobs only late occurrences have a key.
        self._limits[EXECUTE] = limit_of(runtime.settings.catch_up_at_once)
        self._turns: dict[str, Turns] = {}
        self._looked_through: str | None = ""
        self._last = runtime.clock.now()

    def dispatch(self, now: datetime) -> int:
        with self._runtime.db.write() as conn:
            keys = [] if self._looked_through is None else keys_in_line(conn, self._looked_through)
            done = hand_out(conn, self._limits, now, self._turns, keys)
        if done is None:
            return 0
        if self._looked_through is None:
            return done
        self._looked_through = keys[-1] if len(keys) == STEP else None
        return done + 1

    def next_due(self, conn: sa.Connection) -> datetime | None:
        now = self._runtime.clock.now()
        if now < self._last:
            self._looked_through = ""
        self._last = now
        return now if self._looked_through is not None else next_look(conn, self._limits.keys(), now)
