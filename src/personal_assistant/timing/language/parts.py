"""What a phrase can hold, taken apart."""

from dataclasses import dataclass, field
from fractions import Fraction

from personal_assistant.timing.language.clock import ClockTime
from personal_assistant.timing.language.days import Day, InMonth, combined
from personal_assistant.timing.language.numbers import Quantity
from personal_assistant.timing.language.problems import Problem


@dataclass(frozen=True, slots=True)
class Repeat:
    """How it comes again: every so many units of the calendar, or by elapsed steps.

    unit: None where only days are named («every 5 April»), and for steps.
    steps: the amounts that add up to one elapsed step.
    counted: a number was said; «every 1 day» begins tomorrow, «every day» at the next chance.
    """

    unit: str | None
    steps: tuple[Quantity, ...] = ()
    interval: Fraction = Fraction(1)
    counted: bool = False

    @property
    def is_elapsed(self) -> bool:
        """Whether it counts time on a stopwatch."""
        return bool(self.steps)


@dataclass(slots=True)
class Phrase:
    """Everything that was named. `recurs`: it comes again, also without «every»."""

    days: list[Day] = field(default_factory=list)
    weekdays: set[int] = field(default_factory=set)
    times: list[ClockTime] = field(default_factory=list)
    part: str | None = None
    duration: tuple[Quantity, ...] = ()
    repeat: Repeat | None = None
    recurs: bool = False
    window: tuple[ClockTime, ClockTime] | None = None
    start: "Phrase | None" = None
    until: "Phrase | None" = None
    lasting: tuple[Quantity, ...] = ()
    count: int | None = None
    excluded: set[int] = field(default_factory=set)
    zone: str | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def names_a_time(self) -> bool:
        """Whether it says when, rather than only a zone, or where something that is not said begins or ends."""
        return bool(self.days or self.weekdays or self.times or self.part or self.duration or self.recurs)

    def note(self, problem: Problem | None) -> None:
        if problem is not None:
            self.problems.append(problem)

    def add_day(self, found: Day) -> bool:
        """Take in a day, joined with the one before where they are one; False when there are too many."""
        self.note(found.problem)
        joined = combined(self.days[-1], found) if self.days else None
        if joined is not None:
            self.days[-1] = joined
        else:
            self.days.append(found)
        if isinstance(found, InMonth) and found.every is not None:
            if self.repeat is not None:
                return False
            self.repeat = Repeat(
                "year" if found.month else "month", interval=Fraction(1 if found.month else found.every)
            )
            self.recurs = True
        return len(self.days) <= 2
