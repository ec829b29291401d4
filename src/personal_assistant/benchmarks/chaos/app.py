"""The Celery application of the product, with the tasks of this benchmark: for `celery -A`."""

from personal_assistant.benchmarks.chaos import tasks
from personal_assistant.workers.celery_app import app

__all__ = ["app", "tasks"]
