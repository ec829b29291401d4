"""Celery alone, with its defaults: for `celery -A`."""

import os

from celery import Celery

from personal_assistant.benchmarks.over_broker.marks import mark

QUEUE = "bare"

app = Celery("bare", broker=os.environ.get("CELERY_BROKER_URL"), set_as_current=False)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, task_default_queue=QUEUE)


@app.task(name="bare.plain")
def plain() -> None:
    """Nothing."""
    mark()
