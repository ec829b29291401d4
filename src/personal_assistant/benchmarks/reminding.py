"""`assistant remind` again and again in one process: its arguments, its output and its database, without its start.

Starting Python for each of many reminders keeps a small machine so busy that a benchmark would measure that.
"""

import sys
import time
from importlib import import_module


def main(title: str, count: int, per_second: float) -> None:
    """Add `count` reminders in 3 seconds each, evenly paced."""
    app = import_module("personal_assistant.cli.main").app
    begun = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
        app(["remind", f"{title} {number} in 3 seconds"], standalone_mode=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
