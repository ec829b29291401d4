"""Tasks and runners for the tests of this room: they run over SQLite and PostgreSQL, in one process and over Celery."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from tests.support.valkey import Valkey
from tests.workers.bench import Bench, Declare, InProcess
from tests.workers.broker_bench import OverBroker, celery_on

from personal_assistant.workers import runtime as runtime_module
from personal_assistant.workers import tasks as tasks_module
from personal_assistant.workers.celery_app import LedgerTask, app
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.tasks import load_tasks, task

_numbers = itertools.count(1)
# Where the ledger is, and how the runner hears of its jobs.
VARIANTS = {
    "sqlite": ("sqlite", "in process"),
    "postgresql": ("postgresql", "in process"),
    "celery": ("postgresql", "celery"),
}


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what has a runner in each variant, or in those that the mark `over` names."""
    if "transport" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("over")
    names = mark.args if mark else tuple(VARIANTS)
    chosen = [VARIANTS[name] for name in names]
    # As a mark, for it is what takes precedence over the fixtures' own variants.
    over = pytest.mark.parametrize(("database_url", "transport"), chosen, indirect=True, ids=names)
    metafunc.definition.add_marker(over)


@pytest.fixture(scope="session")
def celery_broker(valkey: Valkey) -> Iterator[Valkey]:
    """A server that this process's Celery application uses."""
    with celery_on(valkey):
        yield valkey


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> type[Bench]:
    """What makes a runner, in one process or over Celery."""
    if request.param == "in process":
        return InProcess
    request.getfixturevalue("celery_broker").client.flushall()
    return OverBroker


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
def new_bench(in_use: Runtime, transport: Callable[..., Bench]) -> Callable[..., Bench]:
    """Makes a runner with the given tasks and settings; it runs in a `with` block."""
    return partial(transport, in_use)


@pytest.fixture
def run(new_bench: Callable[..., Bench]) -> Iterator[Callable[..., Bench]]:
    """Starts a runner with the given tasks and settings; it is stopped after the test."""
    with ExitStack() as stack:

        def run(*tasks: LedgerTask, **settings: Any) -> Bench:
            return stack.enter_context(new_bench(*tasks, **settings))

        yield run
