"""Times of the day."""

from dataclasses import dataclass

from personal_assistant.timing.language.numbers import whole_words
from personal_assistant.timing.language.problems import AMBIGUOUS, IMPOSSIBLE, Fix, Problem
from personal_assistant.timing.language.tokens import Tokens
from personal_assistant.timing.language.vocabulary import MONTHS, UNITS

EXACT, H_MM, BARE, MIDNIGHT = "exact", "h:mm", "bare", "midnight"
_NAMED = {"noon": 12, "midday": 12, "midnight": 0}


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time as written. `minute` is below zero for «quarter to»; the hour is the one that was named.

    form: EXACT (with am or pm, or by name), H_MM and BARE (a part of the day settles which half), or MIDNIGHT.
    span: its place in the text.
    """

    hour: int
    minute: int = 0
    second: int = 0
    microsecond: int = 0
    form: str = EXACT
    span: tuple[int, int] = (0, 0)
    problem: Problem | None = None

    def settle(self, part: str | None, *, alone: bool) -> int | Problem:
        """Seconds after midnight. `part` is a part of the day; `alone`: no date and no recurrence stand with it."""
        hour, minute = divmod((self.hour * 60 + self.minute) % 1440, 60)
        # On a clock face «quarter to one» lies in the hour of twelve.
        face = 12 if self.minute < 0 and self.form == BARE and hour == 0 else hour
        if self.form in (BARE, H_MM) and part is not None and 1 <= face <= 12:
            settled = self._in_part(face, minute, part)
            if isinstance(settled, Problem):
                return settled
            hour = settled
        elif self.form == BARE and alone and 1 <= face <= 12:
            return self._unclear(*(_clock_12(face, minute, half) for half in ("pm", "am")))
        seconds = hour * 3600 + minute * 60 + self.second
        if self.form != MIDNIGHT and _contradicts(seconds, part):
            return Problem(IMPOSSIBLE, f"{_clock(seconds)} is not in the {part}.")
        return seconds

    def _in_part(self, hour: int, minute: int, part: str) -> int | Problem:
        if part != "night":
            return hour % 12 + (0 if part == "morning" else 12)
        if hour == 12 or (hour < 6 and self.form == BARE):
            return self._unclear("midnight" if (hour, minute) == (12, 0) else _clock_12(hour, minute, "am"))
        return hour + (12 if hour >= 6 else 0)

    def _unclear(self, *clearer: str) -> Problem:
        fixes = tuple(Fix(*self.span, f"at {time}") for time in clearer)
        later = _clock((self.hour % 12 * 60 + 720 + self.minute) * 60 % 86_400)
        message = f"It could be in the morning or in the evening: say am or pm, or write it like {later}."
        return Problem(AMBIGUOUS, message, fixes)


def _contradicts(seconds: int, part: str | None) -> bool:
    if part == "morning":
        return seconds > 12 * 3600
    return part in ("afternoon", "evening") and seconds < 12 * 3600


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _clock_12(hour: int, minute: int, half: str) -> str:
    minutes = (hour * 60 + minute) % 720
    return f"{minutes // 60 or 12}:{minutes % 60:02}{half}" if minutes % 60 else f"{minutes // 60 or 12}{half}"


def clock_times(tokens: Tokens, index: int, *, marked: bool) -> tuple[list[ClockTime], Problem | None, int] | None:
    """One time, or a list: «9am and 6pm», «8, 12:30 and 17:00». `marked`: a word like «at» stands before it.

    The problem is that of alternatives («9 or 10»).
    """
    first = clock_time(tokens, index, marked=marked)
    if first is None:
        return None
    times = [first[0]]
    index = first[1]
    either = False
    while (following := _next_in_list(tokens, index, marked=marked)) is not None:
        either = either or tokens.word(following[1] - 1, "or")
        times.append(following[0])
        index = following[2]
    problem = Problem(AMBIGUOUS, "It names alternatives: choose one time.") if either else None
    return times[: 1 if either else None], problem, index


def _next_in_list(tokens: Tokens, index: int, *, marked: bool) -> tuple[ClockTime, int, int] | None:
    start = index + 1 if tokens.symbol(index, ",", "&") else index
    start = tokens.skip(start, "and", "or")
    if start == index:
        return None
    at = start + 1 if _is_at(tokens, start) else start
    bare = marked and (tokens.word(start - 1, "and", "or") or tokens.symbol(start - 1, "&") or at > start)
    found = clock_time(tokens, at, marked=bare or at > start)
    if found is None or _is_something_else(tokens, found):
        return None
    return found[0], start, found[1]


def _is_something_else(tokens: Tokens, found: tuple[ClockTime, int]) -> bool:
    """A bare number behind a comma or «and» may begin something else: «at 5 and 10 minutes later»."""
    behind = tokens[found[1]].text
    return found[0].form == BARE and (behind in MONTHS or behind in UNITS or behind == "of")


def _is_at(tokens: Tokens, index: int) -> bool:
    return tokens.word(index, "at") or tokens.symbol(index, "@")


def clock_time(tokens: Tokens, index: int, *, marked: bool) -> tuple[ClockTime, int] | None:
    """One time of the day. A bare hour in digits is taken only where it is `marked`, or the text holds nothing else."""
    for found in (
        _named(tokens, index),
        _past_or_to(tokens, index),
        _colon(tokens, index, marked=marked),
        _hour(tokens, index, marked=marked or not tokens.loose),
    ):
        if found is not None:
            time, end = found
            return _checked(time, tokens.span(index, end)), end
    return None


def _checked(time: ClockTime, span: tuple[int, int]) -> ClockTime:
    problem = time.problem
    highest = 24 if time.minute < 0 else 23
    if problem is None and (time.hour > highest or time.minute > 59 or time.second > 59):
        shown = f"{time.hour}:{time.minute:02}" if time.form == H_MM else str(time.hour)
        hour, minute = divmod(time.hour, 100) if time.hour > 99 else (time.hour, time.minute)
        fixed = f"{min(hour, 23)}:{min(max(minute, 0), 59):02}"
        problem = Problem(
            IMPOSSIBLE, f"There is no time {shown}: a day goes from 0:00 to 23:59.", (Fix(*span, f"at {fixed}"),)
        )
    if problem is None:
        return ClockTime(time.hour, time.minute, time.second, time.microsecond, time.form, span)
    return ClockTime(0, form=EXACT, span=span, problem=problem)


def _named(tokens: Tokens, index: int) -> tuple[ClockTime, int] | None:
    start = index
    if tokens[index].text in ("12", "12:00", "twelve") and tokens.word(index + 1, *_NAMED):
        start = index + 1
    if not tokens.word(start, *_NAMED):
        return None
    hour = _NAMED[tokens[start].text]
    return ClockTime(hour, form=MIDNIGHT if hour == 0 else EXACT), start + 1


def _past_or_to(tokens: Tokens, index: int) -> tuple[ClockTime, int] | None:
    """«half past seven», «quarter to 8», «ten minutes past noon»."""
    start = tokens.skip(index, "a")
    if tokens.word(start, "half", "quarter"):
        minutes, behind = (30 if tokens.word(start, "half") else 15), start + 1
        in_words = True
    else:
        counted = _minutes(tokens, index)
        if counted is None:
            return None
        minutes, behind, in_words = counted
    named = tokens.word(behind, "minutes", "minute", "mins", "min")
    behind += named
    direction = {"past": 1, "after": 1, "to": -1, "before": -1, "till": -1}.get(tokens[behind].text)
    if direction is None or not 0 <= minutes <= 59:
        return None
    if direction < 0 and not (named or in_words or _is_no_range(tokens, index, behind + 1, minutes)):
        return None
    if direction < 0 and tokens.word(start, "half"):
        return None
    hour = _hour_named(tokens, behind + 1)
    if hour is None:
        return None
    time, end = hour
    return ClockTime(time.hour or 24 * (direction < 0), direction * minutes, form=time.form, problem=time.problem), end


def _is_no_range(tokens: Tokens, index: int, hour: int, minutes: int) -> bool:
    """«25 to 8 in the evening», unlike «from 9 to 5»."""
    settled = tokens[hour + 1].kind == "half" or tokens.phrase(hour + 1, "in the") is not None
    return settled and minutes in (5, 10, 20, 25) and not (index and tokens.word(index - 1, "from", "between"))


def _minutes(tokens: Tokens, index: int) -> tuple[int, int, bool] | None:
    token = tokens[index]
    if token.kind == "number" and token.text.isdecimal() and len(token.text) <= 2:
        return int(token.text), index + 1, False
    words = whole_words(tokens, index)
    return None if words is None else (*words, True)


def _hour_named(tokens: Tokens, index: int) -> tuple[ClockTime, int] | None:
    named = _named(tokens, index)
    if named is not None:
        return ClockTime(named[0].hour, form=EXACT), named[1]
    return _hour(tokens, index, marked=True)


def _colon(tokens: Tokens, index: int, *, marked: bool) -> tuple[ClockTime, int] | None:
    """«17:45», «5:30pm», «14:00:05»."""
    token = tokens[index]
    text = token.text
    if token.kind == "number" and "." in text and tokens[index + 1].kind == "half":
        text = text.replace(".", ":")
    elif token.kind != "time":
        return None
    hour, minute, *rest = text.split(":")
    if len(hour) > 2 or len(minute) != 2 or any(len(part.partition(".")[0]) != 2 for part in rest):
        if tokens.loose and not marked:
            return None  # «4:3» is a ratio or a score
        problem = Problem(IMPOSSIBLE, f"There is no time {text}: write it like 9:30 or 17:45.")
        return ClockTime(0, problem=problem), index + 1
    second, _, fraction = (rest[0] if rest else "0").replace(",", ".").partition(".")
    time = ClockTime(int(hour), int(minute), int(second), int(fraction[:6].ljust(6, "0") or 0), H_MM)
    return _with_half(tokens, index + 1, time)


def _hour(tokens: Tokens, index: int, *, marked: bool) -> tuple[ClockTime, int] | None:
    """«7», «seven», «7pm», «7 o'clock», «seven thirty»."""
    token = tokens[index]
    if token.kind == "number" and token.text.isdecimal():
        hour, end = int(token.text[:9]), index + 1
        half_or_clock = tokens[end].kind in ("half", "clock")
        if not marked and not half_or_clock:
            return None
        if len(token.text) > 2 and not marked:
            return None
    else:
        words = whole_words(tokens, index)
        if words is None:
            return None
        hour, end = words
        if not marked and tokens[end].kind not in ("half", "clock"):
            return None
    minute = 0
    if tokens[end].kind == "clock":
        end += 1
    elif token.kind == "word" and hour <= 23:
        minutes = whole_words(tokens, end)
        if minutes is not None and 10 <= minutes[0] <= 59:
            minute, end = minutes
    return _with_half(tokens, end, ClockTime(hour, minute, form=BARE))


def _with_half(tokens: Tokens, index: int, time: ClockTime) -> tuple[ClockTime, int]:
    """Take in an am or pm that follows."""
    if tokens[index].kind != "half":
        return time, index
    pm = tokens[index].text.startswith("p")
    if not 1 <= time.hour <= 12 or time.minute > 59:
        hour = time.hour % 12 or 12
        fix = Fix(tokens[index - 1].start, tokens[index].end, f"{hour}{'pm' if pm else 'am'}")
        half = "pm" if pm else "am"
        return ClockTime(
            0,
            problem=Problem(
                IMPOSSIBLE, f"There is no {time.hour} {half}: with am or pm, hours go from 1 to 12.", (fix,)
            ),
        ), index + 1
    return ClockTime(time.hour % 12 + 12 * pm, time.minute, time.second, time.microsecond, EXACT), index + 1
