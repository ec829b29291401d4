"""A process that fires what is due and tells the broker: what `assistant scheduler` and `celery beat` share."""

import contextlib

from personal_assistant.errors import AssistantError
from personal_assistant.workers.garbage import collect_less
from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.setup import prepare
from personal_assistant.workers.tasks import load_tasks
from personal_assistant.workers.transport.config import require_broker
from personal_assistant.workers.transport.messages import BrokerError, reach


def load() -> None:
    """Import what such a process needs, without connecting to anything, so that what forks from this one has it.

    Raises AssistantError for a broker of a kind that does not exist.
    """
    from personal_assistant.workers.celery_app import app
    from personal_assistant.workers.schedulers import timetable  # noqa: F401 - that is the purpose

    load_tasks()
    try:
        app.connection_for_write().get_transport_cls()
    except KeyError as error:
        raise AssistantError(f"CELERY_BROKER_URL cannot be used: {error.args[0]}.") from error


def start_scheduling(runtime: Runtime) -> WorkerProcess:
    """Set up what is missing, and start. Any number of such processes may run at once.

    Raises AssistantError, which says what to do, without a broker or a database that can be used.
    """
    require_broker(runtime.settings)
    prepare(runtime)
    process = WorkerProcess(runtime, runs=False, publishes=True)
    process.start()
    collect_less()
    # Not with the first message: to load the broker's client takes a while. One that is away is tried again then.
    with contextlib.suppress(BrokerError):
        reach()
    return process
