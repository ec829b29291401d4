"""How often the processes that run jobs look for reference cycles."""

import gc


def collect_less() -> None:
    """Look for cycles less often, and never among what was loaded until now.

    A burst makes many objects and few of them are cycles; with what Celery and SQLAlchemy load, the search for them
    would take a third of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
