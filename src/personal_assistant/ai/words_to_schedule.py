"""From what a person says to the `schedule_type`, `schedule_config` and `zone` of an AI task."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from personal_assistant.ai import formatting
from personal_assistant.ai.model import AITaskError
from personal_assistant.timing.language import TimeRefused, Understood, understand, understand_sentence
from personal_assistant.timing.zones import UnknownZoneError


def of_time(words: str, now: datetime, zone: str) -> dict[str, Any]:
    """What a time text means («every day at 9»). Raises AITaskError with the reason and a nearby reading."""
    with _refused():
        return _columns(understand(words, now=now, zone=zone))


def of_sentence(words: str, now: datetime, zone: str) -> tuple[str, dict[str, Any]]:
    """The title and the schedule of a whole sentence («call mom tomorrow at 9am»). Raises AITaskError."""
    with _refused():
        understood = understand_sentence(words, now=now, zone=zone)
        return understood.title or "", _columns(understood)


def _columns(understood: Understood) -> dict[str, Any]:
    schedule_type, config = understood.schedule.to_config()
    return {"schedule_type": schedule_type, "schedule_config": config, "zone": understood.zone}


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except TimeRefused as refused:
        raise AITaskError(formatting.refusal(refused)) from refused
    except UnknownZoneError as error:
        raise AITaskError(str(error)) from error
