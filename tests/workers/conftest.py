"""Tasks and runners for the tests of this room."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.workers.bench import Bench, Declare

from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers import tasks as tasks_module
from personal_assistant.workers.celery_app import LedgerTask, app
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks, task

_numbers = itertools.count(1)


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Declares a function as a task with a name of its own; it is forgotten after the test."""
    names: list[str] = []

    def declare(function: Callable[..., Any], *, name: str | None = None, **options: Any) -> LedgerTask:
        full_name = name or f"tests.task_{next(_numbers)}"
        names.append(full_name)
        load_tasks.cache_clear()
        return task(queue="tests", name=full_name, **options)(function)

    yield declare
    for name in names:
        app.tasks.pop(name, None)
        tasks_module._declared.pop(name, None)
    load_tasks.cache_clear()


@pytest.fixture
def in_use(runtime: Runtime) -> Iterator[Runtime]:
    """The test's runtime, as the one of this process."""
    runtime_module.use(runtime)
    yield runtime
    runtime_module.use(None)


@pytest.fixture
def run(in_use: Runtime) -> Iterator[Callable[..., Bench]]:
    """Starts a runner with the given tasks and settings; it is stopped after the test."""
    with ExitStack() as stack:

        def run(*tasks: LedgerTask, **settings: Any) -> Bench:
            return stack.enter_context(Bench(in_use, *tasks, **settings))

        yield run
