"""The registry of tasks: the decorator that declares one, and the modules that hold them."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.metadata import entry_points
from typing import Any

from personal_assistant.errors import AssistantError
from personal_assistant.workers.celery_app import LedgerTask, app
from personal_assistant.workers.options import TaskOptions

ENTRY_POINT_GROUP = "personal_assistant.tasks"
_NAME_LENGTH = 200

_declared: dict[str, Callable[..., Any]] = {}


class UnknownTaskError(AssistantError):
    """No installed module declares a task of that name."""


def task(*, queue: str, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], LedgerTask]:
    """Declare a task: a plain function or an `async def` becomes a Celery task whose calls are jobs.

    `options` are the fields of TaskOptions. The name is the function's module and name unless given.
    """
    declared = TaskOptions(queue=queue, **options)

    def declare(function: Callable[..., Any]) -> LedgerTask:
        full_name = name or f"{function.__module__}.{function.__name__}"
        _check(full_name, function, declared)
        options = _with_key(full_name, function, declared)
        _declared[full_name] = function
        return app.task(name=full_name, base=LedgerTask, options=options)(function)

    return declare


def _check(name: str, function: Callable[..., Any], options: TaskOptions) -> None:
    if len(name) > _NAME_LENGTH:
        raise ValueError(f"the name of a task has at most {_NAME_LENGTH} characters: {name}")
    if options.bulk is not None and inspect.iscoroutinefunction(function):
        raise ValueError(f"a task with a bulk function is a plain function: {name}")
    other = _declared.get(name, function)
    if (other.__module__, other.__qualname__) != (function.__module__, function.__qualname__):
        raise ValueError(f"{other.__module__}.{other.__qualname__} declares a task of that name already: {name}")


def _with_key(name: str, function: Callable[..., Any], options: TaskOptions) -> TaskOptions:
    """The options with a function of the task's arguments for its key, where that is the name of one of them."""
    argument = options.key
    if not isinstance(argument, str):
        return options
    signature = inspect.signature(function)
    if argument not in signature.parameters:
        raise ValueError(f"the key of a task is one of its arguments, and {name} has no {argument!r}")

    def key(*args: Any, **kwargs: Any) -> object:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments[argument]

    return replace(options, key=key)


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

    @property
    def own(self) -> dict[str, LedgerTask]:
        """The tasks without those that are only other names of one."""
        return {name: task for name, task in self.tasks.items() if task.options.alias_of is None}

    def get(self, name: str) -> LedgerTask:
        """The task of that name. Raises UnknownTaskError."""
        if name not in self.tasks:
            broken = " A task module could not be loaded: see `assistant doctor`." if self.broken else ""
            raise UnknownTaskError(f"There is no task {name}. `assistant tasks list` shows those there are.{broken}")
        return self.tasks[name]

    def find(self, name: str) -> LedgerTask:
        """By its whole name, or by the last part of it where only one task ends so. Raises UnknownTaskError."""
        ends = [known for known in self.own if known.endswith(f".{name}")]
        return self.get(ends[0] if len(ends) == 1 else name)


@lru_cache(maxsize=1)
def load_tasks() -> Registry:
    """Import every module of this package and those that others register under the entry point.

    A module that raises does not stop the others; `assistant doctor` reports it.
    """
    broken: list[Broken] = []
    for name, load in _modules():
        try:
            load()
        except (Exception, SystemExit) as error:
            broken.append(Broken(name, f"{type(error).__name__}: {error}"))
    app.finalize()
    declared = {name: found for name, found in app.tasks.items() if isinstance(found, LedgerTask)}
    return Registry({name: found for name, found in declared.items() if hasattr(found, "options")}, tuple(broken))


def _modules() -> Iterator[tuple[str, Callable[[], object]]]:
    """Each module of tasks: its name for people, and what imports it."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        yield module.name, partial(importlib.import_module, module.name)
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        yield f"{entry.name} ({entry.value})", entry.load
