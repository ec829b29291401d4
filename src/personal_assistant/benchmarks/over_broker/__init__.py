"""The distributed assistant beside bare Celery: the same jobs through the same broker, in one run."""
