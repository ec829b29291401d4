"""What can be wrong with a schedule."""


class ScheduleError(ValueError):
    """A schedule that cannot be; the message says what is wrong and what is allowed."""
