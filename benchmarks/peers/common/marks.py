"""The neutral side effect: a job leaves its number and the time in a file that all worker processes append to.

Sixteen bytes by one write to a file opened for appending, which the kernel keeps whole whoever else writes: about a
microsecond, no lock, no server, the same for every peer.
"""

import os
import struct
import time

_RECORD = struct.Struct("<qd")
_file: int | None = None


def mark(number: int) -> None:
    """The job `number` has done its work, now."""
    global _file
    if _file is None:
        _file = os.open(os.environ["PEERS_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(_file, _RECORD.pack(number, time.time()))
