"""The lines of jobs that wait for a slot of their key: who is next, and for how many there is room."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from personal_assistant.jobs.limits import Limit, Rate, Spent, ends
from personal_assistant.jobs.turns import Queue, Ready, Turns, in_turn
from personal_assistant.store.bulk import among
from personal_assistant.store.tables import HAS_SLOT_OR_ASKS, IN_LINE, jobs, rates

# So many jobs or keys are dealt with in one transaction.
STEP = 500
# So many of a line are looked at at first, and as many as were chosen so far at each further look.
_LOOK = 2

_OF_A_KEY = f"{IN_LINE} AND concurrency_key = :key"
_HOLDING = sa.text(f"{HAS_SLOT_OR_ASKS} AND slot = 'holds' AND state IN ('queued', 'running')")


@dataclass(slots=True)
class _Key:
    """One key: how many of its jobs hold a slot, and by task how many have not started and what its rate has spent."""

    holding: int = 0
    unstarted: Counter[str] = field(default_factory=Counter)
    spent: dict[str, Spent] = field(default_factory=dict)
    look_at: dict[str, datetime] = field(default_factory=dict)


class Lines:
    """The lines of some keys, as they are in this transaction.

    `limits` holds each declared task's, and `turns` what is remembered of the lines from one look to the next.
    """

    def __init__(
        self,
        conn: sa.Connection,
        limits: Mapping[str, Limit],
        now: datetime,
        turns: dict[str, Turns],
        keys: Collection[str],
    ) -> None:
        self._conn = conn
        self._limits = limits
        self._now = now
        self._turns = turns
        self._keys = {key: _Key() for key in sorted(keys)}
        self.cut_short: set[str] = set()
        self._done: set[str] = set()
        if keys:
            self._read()

    def _read(self) -> None:
        count = sa.func.count().label("number")
        group = (jobs.c.concurrency_key, jobs.c.state, jobs.c.task)
        held = sa.select(*group, count).where(_HOLDING, among(self._conn, jobs.c.concurrency_key, list(self._keys)))
        for row in self._conn.execute(held.group_by(*group)):
            key = self._keys[row.concurrency_key]
            key.holding += row.number
            if row.state == "queued":
                key.unstarted[row.task] = row.number
        # Not those of tasks that only a newer or older program declares.
        used = sa.select(rates).where(
            among(self._conn, rates.c.key, list(self._keys)), rates.c.task.in_(self._limits.keys())
        )
        for row in self._conn.execute(used):
            rate = self._limits[row.task].rate
            self._keys[row.key].spent[row.task] = rate.counted(row.spent, self._now) if rate else []
        for key in self._keys.values():
            self._hold(key)

    def _hold(self, key: _Key) -> None:
        """Count what has not started as starting now: it cannot pile up, to start all together one day."""
        for task, number in key.unstarted.items():
            rate = self._limits[task].rate if task in self._limits else None
            if rate is not None:
                key.spent[task] = rate.hold(key.spent.get(task, []), number, self._now)

    def choose(self) -> dict[str, str]:
        """The ids of the jobs that may start, each with its key."""
        return {job_id: name for name, key in self._keys.items() for job_id in self._first_of(name, key)}

    def _first_of(self, name: str, key: _Key) -> Collection[str]:
        """The jobs of a line that may start, in turn between their people."""
        chosen: dict[str, str] = {}
        tasks = set(self._limits)
        turns = self._turns.get(name, Turns())
        while len(chosen) < STEP:
            most = sum(task in tasks for task in chosen.values()) + max(_LOOK, len(chosen))
            line = in_turn(self._conn, Queue(_OF_A_KEY, tasks, {"key": name}), most, turns.copy())
            full = self._take_from(line, key, chosen, tasks)
            if full or len(line) < most:
                if not full and len(tasks) == len(self._limits):
                    self._done.add(name)
                return chosen
        self.cut_short.add(name)
        return chosen

    def _take_from(self, line: Sequence[Ready], key: _Key, chosen: dict[str, str], tasks: set[str]) -> bool:
        """Choose from a line what may start; whether the key is full.

        A task whose rate is spent is taken off `tasks`, and holds up nothing of other tasks behind it.
        """
        for job_id, task, _ in line:
            if job_id in chosen or task not in tasks:
                continue
            limit = self._limits[task]
            if limit.concurrency is not None and key.holding >= limit.concurrency:
                return True
            if limit.rate is None or self._spend(key, task, limit.rate):
                key.holding += 1
                key.unstarted[task] += 1
                chosen[job_id] = task
            else:
                tasks.remove(task)
        return False

    def _spend(self, key: _Key, task: str, rate: Rate) -> bool:
        """Spend one start, if there is one left; if not, note when to look again."""
        spent = key.spent.setdefault(task, [])
        if rate.free(spent) > 0:
            key.spent[task] = rate.spend(spent, 1, self._now)
            return True
        first = ends(spent)[0]
        key.look_at[task] = min(first, self._now + rate.pause()) if key.unstarted[task] else first
        return False

    def remember_turns(self, chosen: Mapping[str, str], given: Mapping[str, tuple[int, int]]) -> None:
        """Keep whose turn is next in each line, of the jobs that were chosen and given a slot; forget empty lines."""
        for job_id, name in chosen.items():
            if job_id in given:
                self._turns.setdefault(name, Turns()).took(*given[job_id])
        for name in self._done:
            self._turns.pop(name, None)

    def write_rates(self, again: Collection[str]) -> None:
        """Write what the rates have spent, and when to look at them next; a rate that is unused is forgotten."""
        rows = [
            {"key": name, "task": task, "spent": spent, "look_at": look_at}
            for name, key in self._keys.items()
            for task, spent in key.spent.items()
            if (look_at := self._now if name in again else key.look_at.get(task) or max(ends(spent), default=None))
        ]
        if not any(key.spent for key in self._keys.values()):
            return
        looked_at = among(self._conn, rates.c.key, list(self._keys))
        self._conn.execute(sa.delete(rates).where(looked_at, rates.c.task.in_(self._limits.keys())))
        if rows:
            self._conn.execute(sa.insert(rates), rows)
