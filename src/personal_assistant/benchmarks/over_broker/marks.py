"""The side effect of a measured job: one byte more in a file, the same for every system."""

import os
from functools import lru_cache
from pathlib import Path

VARIABLE = "BENCH_MARKS"


@lru_cache(maxsize=1)
def _file() -> int:
    return os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def mark() -> None:
    """A job has done its work."""
    os.write(_file(), b".")


def marks(path: Path) -> int:
    """How many jobs have done their work."""
    return path.stat().st_size if path.exists() else 0
