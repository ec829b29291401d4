"""Three schedulers, one killed each second: is an occurrence missed or doubled, and how late are reminders?

The schedulers are `assistant scheduler`. Those at work are killed in turn: three times out of four the process that
schedules, which its keeper starts again; the fourth time the keeper is killed with it, and the whole program is started
again, as a supervisor does. How many were at work is one of the figures. Reminders come from the command line: some by
programs of their own, most by the same command in one process.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from personal_assistant.ai import AITaskManager
from personal_assistant.benchmarks.chaos.run import APP
from personal_assistant.benchmarks.chaos.tasks import plain, read_runs
from personal_assistant.benchmarks.figures import Figure, share
from personal_assistant.benchmarks.programs import Program
from personal_assistant.benchmarks.topology import GROUPS, Topology, topology
from personal_assistant.store.people import get_owner
from personal_assistant.store.tables import ai_tasks, deliveries, jobs, schedules

_GROUPS = {name: GROUPS[name] for name in ("worker-io", "worker-default")}
_REMINDERS_PER_SECOND = 10
_SCHEDULES_PER_SECOND = 5
_LEAD_SECONDS = 5.0
_SCHEDULERS = 3
# Of so many kills one takes the keeper, too.
_KEEPER_EVERY = 4
# So that the machine is left to those that are measured: each start of the command line is most of a second of work,
# and none of them falls together with the start of a keeper.
_PROGRAM_EVERY_SECONDS = 4.0
_COMMANDS_PER_SECOND = 5.0
_SETTLE_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.02


@dataclass(slots=True)
class _Phase:
    """What one span of time brought. Counts are of occurrences; `late` are the seconds of the CLI's reminders.

    `programs` of these were added by programs of their own; `at_work` is the number of schedulers at each kill.
    """

    occurrences: int = 0
    missed: int = 0
    doubled: int = 0
    kills: int = 0
    keepers: int = 0
    programs: int = 0
    at_work: list[int] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """The same load in three spans of `seconds`: left alone, one of the schedulers killed each second, and with some of
    their keepers."""
    say("starting PostgreSQL, Valkey, two workers and three schedulers")
    with topology(app=APP, groups=_GROUPS, schedulers=0, relayed=False) as made:
        command = [sys.executable, "-m", "personal_assistant.benchmarks.chaos.command", "scheduler"]
        schedulers = [made.add(f"scheduler-{number + 1}", command) for number in range(_SCHEDULERS)]
        made.start(*made.workers)
        for scheduler in schedulers:
            scheduler.start()
        for scheduler in schedulers:
            scheduler.until(partial(_works, scheduler))
        load = _Load(made)
        say(f"{seconds:g} s of reminders and schedules, nobody is killed")
        calm = load.run(seconds)
        say(f"{seconds:g} s of the same, one scheduler is killed each second")
        killed = load.run(seconds, kills=True)
        say(f"{seconds:g} s of the same, and every fourth time its keeper with it")
        cold = load.run(seconds, kills=True, keepers=True)
    phases = (calm, killed, cold)
    return [
        Figure("seconds", "each of three spans of time", seconds, "s"),
        Figure("kills", "schedulers killed", killed.kills + cold.kills),
        Figure("keepers", "of them with their keeper, in the last span", cold.keepers),
        Figure("occurrences", "occurrences due", sum(it.occurrences for it in phases)),
        Figure("missed", "of them missed", sum(it.missed for it in phases), "", 0),
        Figure("doubled", "of them doubled", sum(it.doubled for it in phases), "", 0),
        Figure("at_work", "of three schedulers, at work before a kill", _mean(killed.at_work)),
        Figure("cold_at_work", "where keepers are killed", _mean(cold.at_work)),
        Figure("cli_reminders", "reminders added by the command line", sum(len(it.late) for it in phases)),
        Figure("cli_programs", "of them by a program of its own", sum(it.programs for it in phases)),
        *_lateness("calm", "lateness without kills", calm, 0.25),
        *_lateness("killed", "with the kills", killed, 0.25),
        # The start of a keeper is a second and a half of work, which two cores do not have to spare.
        *_lateness("cold", "with those of keepers", cold, None),
    ]


def _lateness(key: str, label: str, phase: _Phase, at_most: float | None) -> list[Figure]:
    return [
        Figure(f"{key}_p50_lateness_seconds", f"{label}, half within", share(phase.late, 0.5), "s"),
        Figure(f"{key}_p99_lateness_seconds", "99 % within", share(phase.late, 0.99), "s", at_most),
        Figure(f"{key}_longest_lateness_seconds", "the latest", share(phase.late, 1.0), "s"),
    ]


def _works(scheduler: Program) -> bool:
    """Whether it has said that it is ready since it was last killed."""
    children = scheduler.family()[1:]
    return bool(children) and f"is alive (process {children[0].pid})" in scheduler.log


def _mean(numbers: Sequence[int]) -> float | None:
    return round(sum(numbers) / len(numbers), 2) if numbers else None


class _Load:
    def __init__(self, made: Topology) -> None:
        self._made = made
        self._db = made.runtime.db
        self._manager = AITaskManager(self._db)
        with self._db.read() as conn:
            self._owner = get_owner(conn).id

    def run(self, seconds: float, *, kills: bool = False, keepers: bool = False) -> _Phase:
        """One span of time, and the wait for what was due in it."""
        phase = _Phase()
        started = datetime.now(UTC)
        first = started + timedelta(seconds=_LEAD_SECONDS)
        expected = self._reminders(first, seconds)
        planned = self._schedules(first, seconds)
        by_cli = self._strain(seconds, phase, kills=kills, keepers=keepers)
        self._settle(expected | by_cli, planned)
        self._count(phase, expected | by_cli, planned)
        phase.late = self._lateness(by_cli)
        return phase

    def _reminders(self, first: datetime, seconds: float) -> set[int]:
        """Written beforehand, for the rolling load; their ids."""
        instants = [
            first + timedelta(seconds=n / _REMINDERS_PER_SECOND) for n in range(int(seconds * _REMINDERS_PER_SECOND))
        ]
        created = [
            self._manager.create_task(self._owner, "Rolling", "once", {"run_at": it.isoformat()}) for it in instants
        ]
        return {task.id for task in created}

    def _schedules(self, first: datetime, seconds: float) -> dict[int, datetime]:
        """Lines of the timetable that are due once in this time; id to instant."""
        now = datetime.now(UTC)
        count = int(seconds * _SCHEDULES_PER_SECOND)
        rows = [
            {
                "name": f"bench-{now.timestamp()}-{number}",
                "task": plain.name,
                "schedule_type": "custom",
                "schedule_config": {"interval_minutes": 60},
                "zone": "UTC",
                "missed_policy": "all",
                # Else a scheduler that starts would switch off what no task declares.
                "changed_by_owner": True,
                "next_run_at": first + timedelta(seconds=number / _SCHEDULES_PER_SECOND),
                "created_at": now,
                "updated_at": now,
            }
            for number in range(count)
        ]
        with self._db.write() as conn:
            conn.execute(sa.insert(schedules), rows)
            listed = sa.select(schedules.c.id, schedules.c.next_run_at).where(schedules.c.created_at == now)
            return {row.id: row.next_run_at for row in conn.execute(listed)}

    def _strain(self, seconds: float, phase: _Phase, *, kills: bool, keepers: bool) -> set[int]:
        """Reminders by the command line, and the kills; ids of those that were accepted."""
        started = time.monotonic()
        before = self._ids()
        number = str(int(seconds * _COMMANDS_PER_SECOND))
        words = ("personal_assistant.benchmarks.reminding", "cli", number, str(_COMMANDS_PER_SECOND))
        reminding = self._made.add("reminding", [sys.executable, "-m", *words])
        reminding.start()
        single: Program | None = None
        while (now := time.monotonic() - started) < seconds or reminding.alive or (single is not None and single.alive):
            if now < seconds and now >= (phase.programs + 0.5) * _PROGRAM_EVERY_SECONDS:
                phase.programs += 1
                single = self._made.command(f"remind-{phase.programs}", "remind", f"cli {phase.programs} in 3 seconds")
                single.start()
            if kills and now < seconds and now >= len(phase.at_work) + 1:
                self._kill(phase, keepers=keepers)
            time.sleep(_LOOK_EVERY_SECONDS)
        return self._ids() - before

    def _kill(self, phase: _Phase, *, keepers: bool) -> None:
        """Kill the next one in turn of those at work; where there is none, nobody is left to be killed."""
        turn = len(phase.at_work) % _SCHEDULERS
        in_turn = [*self._made.schedulers[turn:], *self._made.schedulers[:turn]]
        at_work = [scheduler for scheduler in in_turn if _works(scheduler)]
        phase.at_work.append(len(at_work))
        for victim in at_work[:1]:
            phase.kills += 1
            if not keepers or phase.kills % _KEEPER_EVERY:
                victim.kill_children()
            else:
                phase.keepers += 1
                victim.kill()
                victim.start()

    def _ids(self) -> set[int]:
        """The AI tasks that the command line has added."""
        with self._db.read() as conn:
            return set(conn.execute(sa.select(ai_tasks.c.id).where(ai_tasks.c.title.startswith("cli "))).scalars())

    def _settle(self, reminders: set[int], planned: dict[int, datetime]) -> None:
        """Until all is there, or for a minute."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            if len(self._delivered(reminders)) == len(reminders) and len(self._fired(planned)) == len(planned):
                return
            time.sleep(0.2)

    def _delivered(self, reminders: set[int]) -> Counter[int]:
        """AI task to its deliveries."""
        listed = sa.select(deliveries.c.ai_task_id).where(deliveries.c.state == "sent")
        with self._db.read() as conn:
            return Counter(task for task in conn.execute(listed).scalars() if task in reminders)

    def _fired(self, planned: dict[int, datetime]) -> dict[int, list[str]]:
        """Schedule to its jobs that succeeded at the planned instant."""
        listed = sa.select(jobs.c.id, jobs.c.schedule_id, jobs.c.due_at).where(jobs.c.state == "succeeded")
        fired: dict[int, list[str]] = {}
        with self._db.read() as conn:
            for job_id, schedule_id, due in conn.execute(listed):
                if planned.get(schedule_id) == due:
                    fired.setdefault(schedule_id, []).append(job_id)
        return fired

    def _count(self, phase: _Phase, reminders: set[int], planned: dict[int, datetime]) -> None:
        delivered, fired = self._delivered(reminders), self._fired(planned)
        runs = read_runs(self._made.folder)
        phase.occurrences = len(reminders) + len(planned)
        phase.missed = phase.occurrences - len(delivered) - len(fired)
        phase.doubled = sum(count > 1 for count in delivered.values())
        phase.doubled += sum(sum(len(runs.get(job_id, ())) for job_id in ids) > 1 for ids in fired.values())

    def _lateness(self, by_cli: set[int]) -> list[float]:
        listed = sa.select(deliveries.c.ai_task_id, deliveries.c.sent_at, deliveries.c.due_at)
        with self._db.read() as conn:
            rows = [row for row in conn.execute(listed) if row.ai_task_id in by_cli and row.due_at is not None]
        return sorted((row.sent_at - row.due_at).total_seconds() for row in rows)
