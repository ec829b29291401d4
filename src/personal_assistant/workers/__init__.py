"""Celery, the schedulers and the runner: what moves jobs."""
