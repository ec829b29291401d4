"""The process that adds the jobs: over some time, and again until each is accepted.

    python -m personal_assistant.benchmarks.chaos.feed JOBS SECONDS SEED

What was accepted, and each refusal, becomes a line of JSON in a file of the data directory.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from personal_assistant.ai import AITaskManager
from personal_assistant.benchmarks.chaos import tasks
from personal_assistant.benchmarks.chaos.kinds import CANCELLED, FUTURE, REMINDER, UNIQUE, WAITING, Kind, draw
from personal_assistant.jobs.enqueue import enqueue, enqueue_many
from personal_assistant.jobs.ids import new_job_id
from personal_assistant.jobs.model import JobStateError, NewJob
from personal_assistant.store.errors import StoreError
from personal_assistant.store.people import get_owner
from personal_assistant.timing.clock import utc_now
from personal_assistant.workers.control import cancel_job
from personal_assistant.workers.runtime import runtime
from personal_assistant.workers.tasks import load_tasks

ACCEPTED_FILE = "accepted"
REFUSED_FILE = "refused"
_TICK_SECONDS = 0.1
_AGAIN_SECONDS = 0.25
_SAME_KEY = 4
_AHEAD_SECONDS = (2.0, 20.0)


class Feeder:
    """Adds work of all kinds. What has been added under an id may be added again: it is the same job then."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - repeatable
        self._folder = runtime().settings.data_dir
        self._tasks = load_tasks()
        self._number = 0
        with runtime().db.read() as conn:
            self._owner = get_owner(conn).id

    def run(self, count: int, seconds: float) -> None:
        """Add `count` pieces of work, evenly over so many seconds; what was held up is made up for."""
        kinds = draw(self._rng, count)
        started = time.monotonic()
        done = 0
        while done < count:
            wanted = min(count, int(count * (time.monotonic() - started) / seconds) + 1)
            self._add(kinds[done:wanted])
            done = wanted
            time.sleep(_TICK_SECONDS)

    def _add(self, kinds: Sequence[Kind]) -> None:
        special = [kind for kind in kinds if kind.name in (REMINDER, UNIQUE, WAITING)]
        jobs = [(kind, self._job(kind)) for kind in kinds if kind not in special]
        self._insist(lambda: self._many([job for _, job in jobs]))
        self._accepted([(kind.name, job.id, self._number_of(job)) for kind, job in jobs])
        for kind in special:
            added = {REMINDER: self._reminder, UNIQUE: self._unique, WAITING: self._waiting}[kind.name]
            self._accepted([(kind.name, job_id, None) for job_id in self._insist(lambda: added(kind))])  # noqa: B023
        for kind, job in jobs:
            if kind.name == CANCELLED:
                self._insist(lambda: self._cancel(str(job.id)))  # noqa: B023 - called in this very turn

    def _job(self, kind: Kind) -> NewJob:
        self._number += 1
        fields: dict[str, Any] = {"args": kind.arguments(self._rng, self._number), "id": new_job_id()}
        if kind.name == FUTURE:
            fields["run_at"] = utc_now() + timedelta(seconds=self._rng.uniform(*_AHEAD_SECONDS))
        if kind.name == CANCELLED:
            fields["run_at"] = utc_now() + timedelta(hours=1)
        return self._tasks.get(kind.task).options.job(kind.task, **fields)

    def _number_of(self, job: NewJob) -> Any:
        return job.args[0] if job.task == tasks.payload.name else None

    def _many(self, jobs: Sequence[NewJob]) -> None:
        with runtime().db.write() as conn:
            enqueue_many(conn, jobs)

    def _unique(self, kind: Kind) -> set[str]:
        """Several with the same key: all but the first are answered with the id of one that is open."""
        key = new_job_id()
        options = self._tasks.get(kind.task).options
        given = {"args": kind.arguments(self._rng, 0), "unique_key": key}
        return {self._one(options.job(kind.task, **given)) for _ in range(_SAME_KEY)}

    def _waiting(self, kind: Kind) -> set[str]:
        other = self._one(self._tasks.get(tasks.coroutine.name).options.job(tasks.coroutine.name, args=(1.0,)))
        return {self._one(self._tasks.get(kind.task).options.job(kind.task, args=(other,)))}

    def _one(self, job: NewJob) -> str:
        with runtime().db.write() as conn:
            return enqueue(conn, job)

    def _reminder(self, kind: Kind) -> set[str]:
        del kind
        due = utc_now() + timedelta(seconds=self._rng.uniform(*_AHEAD_SECONDS))
        manager = AITaskManager(runtime().db)
        return {str(manager.create_task(self._owner, "Stretch", "once", {"run_at": due.isoformat()}).id)}

    def _cancel(self, job_id: str) -> None:
        try:
            cancel_job(runtime(), job_id)
        except JobStateError:
            return  # the try before this one did it, and was not told so

    def _insist(self, work: Any) -> Any:
        """Try until the database takes it, and note each refusal."""
        while True:
            try:
                return work()
            except StoreError as error:
                self._line(REFUSED_FILE, {"at": time.time(), "why": str(error)})
                time.sleep(_AGAIN_SECONDS)

    def _accepted(self, rows: Sequence[tuple[str, str | None, Any]]) -> None:
        for kind, job_id, number in rows:
            self._line(ACCEPTED_FILE, {"kind": kind, "id": job_id, "number": number})

    def _line(self, name: str, value: dict[str, Any]) -> None:
        with (self._folder / name).open("a") as file:
            file.write(json.dumps(value) + "\n")


def read_lines(folder: Path, name: str) -> list[dict[str, Any]]:
    """What the feeder has written to one of its files."""
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main() -> None:
    count, seconds, seed = sys.argv[1:]
    Feeder(int(seed)).run(int(count), float(seconds))


if __name__ == "__main__":
    main()
