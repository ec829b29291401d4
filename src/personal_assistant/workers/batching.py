"""How many jobs of a task to take at once: as many as make about 50 ms of work."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from personal_assistant.workers.celery_app import LedgerTask
from personal_assistant.workers.options import BULK_SIZE

BATCH_SECONDS = 0.05
MAX_BATCH = 200
_WEIGHT_OF_NEWEST = 0.2


class Durations:
    """The usual duration of each task's jobs, in seconds, learnt while they run."""

    def __init__(self, usual: Mapping[str, float] | None = None) -> None:
        self._usual: dict[str, float] = dict(usual or {})

    def known(self) -> dict[str, float]:
        """Task name to usual seconds."""
        return dict(self._usual)

    def learn(self, task: str, seconds: float) -> None:
        usual = self._usual.get(task, seconds)
        # A sudden long one counts at once, so that the next jobs do not queue behind its like.
        self._usual[task] = (
            max(seconds, usual) if seconds > BATCH_SECONDS else usual + _WEIGHT_OF_NEWEST * (seconds - usual)
        )

    def is_short(self, task: LedgerTask) -> bool:
        """Whether a batch of this task is known to be done soon."""
        usual = self._usual.get(task.name)
        return task.options.bulk is not None or (usual is not None and usual < BATCH_SECONDS)

    def batch_size(self, task: LedgerTask) -> int:
        """One where the task is long, unknown, or must not run twice."""
        if task.options.bulk is not None:
            return BULK_SIZE
        usual = self._usual.get(task.name)
        if usual is None or task.options.at_most_once:
            return 1
        return max(1, min(MAX_BATCH, int(BATCH_SECONDS / max(usual, 1e-6))))


@dataclass(slots=True)
class Batch:
    """Jobs of one task that one thread will do one after the other, or at once where the task can."""

    task: LedgerTask
    ids: list[str] = field(default_factory=list)


def group(
    ready: Iterable[tuple[str, str, int]], tasks: Mapping[str, LedgerTask], durations: Durations, most: int
) -> list[Batch]:
    """Sort ready jobs into at most `most` batches, in the order in which they are due.

    A job that has been tried before goes alone: should it be the one that kills workers, it takes no other with it.
    """
    batches: list[Batch] = []
    filling: dict[str, Batch] = {}
    for job_id, name, attempts in ready:
        batch = None if attempts else filling.get(name)
        if batch is None:
            if len(batches) == most:
                continue
            batch = Batch(tasks[name])
            batches.append(batch)
        batch.ids.append(job_id)
        if attempts:
            continue
        if len(batch.ids) < durations.batch_size(batch.task):
            filling[name] = batch
        else:
            filling.pop(name, None)
    return batches


def every_id(batches: Collection[Batch]) -> list[str]:
    return [job_id for batch in batches for job_id in batch.ids]
