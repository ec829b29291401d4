"""Until when something is put off: «for 20 minutes», «until tomorrow morning»."""

from datetime import datetime

from personal_assistant.timing.language.lengths import read_length
from personal_assistant.timing.language.problems import IMPOSSIBLE, TimeRefused
from personal_assistant.timing.language.understanding import understand

_UNTIL = ("until ", "till ", "to ")


def read_until(words: str, *, now: datetime, zone: str) -> datetime:
    """The one instant after `now` that words mean: a length of time («20 min», «for an hour») or a time.

    Raises TimeRefused with the reason, for a time that recurs or is past too; UnknownZoneError.
    """
    said = " ".join(words.split())
    lowered = said.casefold()
    if lowered.startswith("for "):
        said = f"in {said[4:]}"
    elif lead := next((lead for lead in _UNTIL if lowered.startswith(lead)), None):
        said = said[len(lead) :]
    elif read_length(said) or lowered == "half an hour":
        said = f"in {said}"
    understood = understand(said, now=now, zone=zone)
    schedule = understood.schedule
    first = schedule.next_after(now)
    if first is None or schedule.next_after(first) is not None:
        raise TimeRefused(IMPOSSIBLE, "It has to be one time, like «for 20 minutes» or «until tomorrow morning».")
    return first
