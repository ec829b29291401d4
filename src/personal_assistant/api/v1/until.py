"""Until when: of what is put off or paused."""

from datetime import datetime

import sqlalchemy as sa

from personal_assistant.ai.acting import until_in_words
from personal_assistant.ai.model import AITaskError
from personal_assistant.api.v1.instants import in_utc
from personal_assistant.api.v1.shapes import Until


def instant_of(conn: sa.Connection, user_id: int, body: Until, now: datetime) -> datetime:
    """The instant that is given or meant. Raises AITaskError for words that are not understood and
    for none, and InstantError.
    """
    if (body.words is None) == (body.until is None):
        raise AITaskError("Say until when: `words`, like «for 20 minutes», or `until`, an instant with its offset.")
    if body.words is not None:
        return until_in_words(conn, user_id, body.words, now)
    assert body.until is not None
    return in_utc(body.until)
