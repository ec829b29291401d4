"""Job ids."""

import os
import time


def new_job_id() -> str:
    """A UUID version 7 (RFC 9562, section 5.7): ids grow with time, so new rows land at the end of the index."""
    value = int.from_bytes(os.urandom(10), "big") | (time.time_ns() // 1_000_000) << 80
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def id_before(job_id: str, seconds: float) -> str:
    """A text that sorts below every id that was made from so many seconds before this one on."""
    instant = int(job_id[:8] + job_id[9:13], 16) - round(seconds * 1000)
    text = f"{max(0, instant):012x}"
    return f"{text[:8]}-{text[8:]}"
