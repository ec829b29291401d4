"""The registry of tasks: the decorator that declares one, and the modules that hold them."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from personal_assistant.errors import AssistantError
from personal_assistant.workers.celery_app import LedgerTask, app
from personal_assistant.workers.options import TaskOptions

ENTRY_POINT_GROUP = "personal_assistant.tasks"
_OWN_MODULES = ("ai_tasks", "maintenance_tasks")


class UnknownTaskError(AssistantError):
    """No installed module declares a task of that name."""


def task(*, queue: str, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], LedgerTask]:
    """Declare a task: a plain function or an `async def` becomes a Celery task whose calls are jobs.

    `options` are the fields of TaskOptions. The name is the function's module and name unless given.
    """
    declared = TaskOptions(queue=queue, **options)

    def declare(function: Callable[..., Any]) -> LedgerTask:
        full_name = name or f"{function.__module__}.{function.__name__}"
        return app.task(name=full_name, base=LedgerTask, options=declared)(function)

    return declare


@dataclass(frozen=True, slots=True)
class Broken:
    """A module of tasks that could not be imported."""

    module: str
    error: str


@dataclass(frozen=True, slots=True)
class Registry:
    """Every declared task by its name, and the modules that failed to load."""

    tasks: dict[str, LedgerTask]
    broken: tuple[Broken, ...]

    def get(self, name: str) -> LedgerTask:
        """The task of that name. Raises UnknownTaskError."""
        if name not in self.tasks:
            raise UnknownTaskError(f"There is no task {name}. `assistant tasks list` shows those there are.")
        return self.tasks[name]

    def find(self, name: str) -> LedgerTask:
        """By its whole name, or by the last part of it where only one task ends so. Raises UnknownTaskError."""
        ends = [known for known in self.tasks if known.endswith(f".{name}")]
        return self.get(ends[0] if len(ends) == 1 else name)


@lru_cache(maxsize=1)
def load_tasks() -> Registry:
    """Import this package's modules and those that others register under the entry point.

    A foreign module that raises does not stop the others; `assistant doctor` reports it.
    """
    for module in _OWN_MODULES:
        importlib.import_module(f"{__name__}.{module}")
    broken: list[Broken] = []
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            entry.load()
        except Exception as error:
            broken.append(Broken(f"{entry.name} ({entry.value})", f"{type(error).__name__}: {error}"))
    app.finalize()
    declared = {name: found for name, found in app.tasks.items() if isinstance(found, LedgerTask)}
    return Registry({name: found for name, found in declared.items() if hasattr(found, "options")}, tuple(broken))
