"""Celery over a broker: what is sent, who sends it, and the processes of `celery worker` and `celery beat`."""
