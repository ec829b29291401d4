"""A process that fires what is due and tells the broker: what `assistant scheduler` and `celery beat` share."""

import contextlib

from personal_assistant.workers.process import WorkerProcess
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.setup import prepare
from personal_assistant.workers.transport.config import require_broker
from personal_assistant.workers.transport.messages import BrokerError, reach


def start_scheduling(runtime: Runtime) -> WorkerProcess:
    """Set up what is missing, and start. Any number of such processes may run at once.

    Raises AssistantError, which says what to do, without a broker or a database that can be used.
    """
    require_broker(runtime.settings)
    prepare(runtime)
    process = WorkerProcess(runtime, runs=False, publishes=True)
    process.start()
    # Not with the first message: to load the broker's client takes a while. One that is away is tried again then.
    with contextlib.suppress(BrokerError):
        reach()
    return process
