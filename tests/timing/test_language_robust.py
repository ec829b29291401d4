"""Whatever is typed is understood or refused, and what is understood holds together."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from personal_assistant.timing.language import TimeRefused, Understood, understand, understand_sentence
from personal_assistant.timing.recurrence import parse_schedule

Reader = Callable[..., Understood]

ZONES = (
    *("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"),
    *("America/Sao_Paulo", "Pacific/Auckland", "America/St_Johns", "UTC"),
)
REASONS = {"not_understood", "impossible", "too_frequent", "ambiguous", "past"}
WORDS = (
    *("today", "tomorrow", "tonight", "yesterday", "day after tomorrow", "now", "morning", "evening", "night", "noon"),
    *("midnight", "monday", "tue", "fridays", "weekday", "weekends", "weekend", "april", "feb", "december", "next"),
    *("this", "last", "first", "second", "third", "fifth", "every", "each", "other", "daily", "weekly", "monthly"),
    *("yearly", "hourly", "quarter", "half", "past", "to", "an", "a", "the", "of", "in", "at", "on", "from", "until"),
    *("for", "starting", "except", "but", "between", "and", "or", "ago", "minutes", "hours", "h", "m", "seconds"),
    *("days", "weeks", "month", "months", "years", "fortnight", "end", "o'clock", "am", "pm", "p.m.", "time", "EST"),
    *("UTC", "Z", "London", "New York time", "Europe/Paris", "remind me", "call", "banana", "🎂", "@", "&", ",", "-"),
    *("–", "0", "1", "2", "5th", "31st", "29", "12", "13", "25:00", "7:30", "02:30", "17:45", "2026-04-05", "04/05"),
    *("31/12", "2026", "2027-02-29", "2026-03-29T02:30", "9999", "99999999999", "1.5", "-3", "twenty-one", "one"),
)
PHRASES = (
    *("tomorrow at 9am", "friday at 17:45", "next monday", "in 20 minutes", "in 2 days at 5pm", "5 April 2027"),
    *("on the 31st at noon", "last friday of the month", "every day", "every 15 minutes", "every weekday at 8"),
    *("every other tuesday at 7pm", "mon, wed, fri at 6:30", "on the 31st of every month", "last day of every month"),
    *("first monday of every month", "every year on 29 february", "every quarter", "every day for 5 days"),
    *("every weekday until 30 June", "every 3 days starting friday", "every 2 hours starting at 2pm", "monthly"),
    *("every day except sunday at 7am", "every hour between 9am and 5pm on weekdays", "every day at 2:30"),
    *("tomorrow at 9am New York time", "2026-07-01 09:00 Asia/Tokyo", "every monday and thursday at 19:00 for 3 weeks"),
)
# Around the changes of the clock, the leap day and the ends of a year, as much as anywhere.
MOMENTS = tuple(
    datetime.fromisoformat(text)
    for text in (
        *("2026-03-29T01:50:00+01:00", "2026-10-25T02:50:00+02:00", "2026-10-04T01:50:00+10:30"),
        *("2026-04-05T01:40:00+11:00", "2028-02-29T23:59:30+05:45", "2026-12-31T23:59:59-05:00"),
        *("2011-12-29T23:59:59-10:00", "2026-03-08T01:59:59-05:00", "2026-01-31T08:05:00+05:30"),
    )
)

readers = st.sampled_from([understand, understand_sentence])
zones = st.sampled_from(ZONES)
moments = st.sampled_from(MOMENTS) | st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
soups = st.lists(st.sampled_from(WORDS), min_size=1, max_size=10).map(" ".join)
glued = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join)
times = st.lists(st.sampled_from(PHRASES), min_size=1, max_size=2).map(" ".join)


def _read(reader: Reader, text: str, now: datetime, zone: str) -> Understood | None:
    """What is understood; None for a refusal, which must be whole."""
    try:
        return reader(text, now=now, zone=zone)
    except TimeRefused as refused:
        assert refused.reason in REASONS
        assert refused.message.strip()
        return None


def _meaning(reader: Reader, text: str, now: datetime, zone: str) -> tuple[str, str, list[datetime]] | str:
    try:
        found = reader(text, now=now, zone=zone)
    except TimeRefused as refused:
        return refused.reason
    return found.kind, found.zone, found.next


def _holds_together(found: Understood, now: datetime) -> None:
    assert 1 <= len(found.next) <= 5
    assert all(now < instant and instant.utcoffset() == timedelta(0) for instant in found.next)
    assert found.next == sorted(set(found.next))
    assert found.kind != "once" or len(found.next) == 1
    assert found.words.strip()
    schedule_type, config = found.schedule.to_config()
    again = parse_schedule(schedule_type, config, found.schedule.zone)
    assert again == found.schedule
    assert again.upcoming(now) == found.next


@given(reader=readers, text=st.text(max_size=80), now=moments, zone=zones)
@example(reader=understand, text="in ² days", now=MOMENTS[0], zone="UTC")
@example(reader=understand, text="٣pm ½ \u0000", now=MOMENTS[0], zone="UTC")
@example(reader=understand_sentence, text="İ remind me to", now=MOMENTS[0], zone="UTC")
@example(reader=understand_sentence, text="\ud800 tomorrow", now=MOMENTS[0], zone="UTC")
def test_any_text_is_understood_or_refused(reader: Reader, text: str, now: datetime, zone: str) -> None:
    found = _read(reader, text, now, zone)
    if found is not None:
        _holds_together(found, now)


@settings(max_examples=400)
@given(reader=readers, text=soups | glued | times, now=moments, zone=zones)
def test_any_mix_of_its_words_is_understood_or_refused(reader: Reader, text: str, now: datetime, zone: str) -> None:
    found = _read(reader, text, now, zone)
    if found is not None:
        _holds_together(found, now)


@given(text=st.sampled_from(PHRASES), now=moments, zone=zones, data=st.data())
def test_case_spaces_and_outer_punctuation_do_not_matter(
    text: str, now: datetime, zone: str, data: st.DataObject
) -> None:
    spaces = st.text(alphabet=" \t\n\u00a0", min_size=1, max_size=3)
    spaced = "".join(data.draw(spaces) if char == " " else char for char in text)
    before, after = data.draw(st.sampled_from([("", "!"), ("(", ")"), ("“", "”"), ("'", "'"), ("… ", " …"), ("", ".")]))
    cased = data.draw(st.sampled_from([str.upper, str.lower, str.title]))(spaced)
    assert _meaning(understand, f"{before}{cased}{after}", now, zone) == _meaning(understand, text, now, zone)


@given(text=st.sampled_from(PHRASES), title=st.sampled_from(["buy milk", "🎂 cake", "Zoë"]), now=moments, zone=zones)
def test_a_sentence_means_what_its_time_means_wherever_it_stands(
    text: str, title: str, now: datetime, zone: str
) -> None:
    meaning = _meaning(understand, text, now, zone)
    for sentence in (f"{title} {text}", f"{text}: {title}", f"remind me {text} to {title}"):
        assert _meaning(understand_sentence, sentence, now, zone) == meaning
        if not isinstance(meaning, str):
            assert understand_sentence(sentence, now=now, zone=zone).title == title


@settings(max_examples=200)
@given(reader=readers, text=soups | times | st.text(max_size=30), now=moments, zone=zones)
def test_what_a_refusal_suggests_is_understood(reader: Reader, text: str, now: datetime, zone: str) -> None:
    try:
        reader(text, now=now, zone=zone)
    except TimeRefused as refused:
        assume(refused.suggestion is not None)
        assert refused.suggestion is not None
        _holds_together(reader(refused.suggestion, now=now, zone=zone), now)


@pytest.mark.parametrize("reader", [understand, understand_sentence])
def test_a_thousand_characters_are_read_and_not_one_more(reader: Reader) -> None:
    now = MOMENTS[0]
    assert reader("tomorrow".ljust(1000), now=now, zone="UTC").kind == "once"
    with pytest.raises(TimeRefused, match="1001 characters") as refused:
        reader("tomorrow".ljust(1001), now=now, zone="UTC")
    assert refused.value.reason == "not_understood"
