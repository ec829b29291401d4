"""When something occurs: rules, their configuration as stored, and what they mean in words."""

from personal_assistant.timing.recurrence.config import parse_schedule
from personal_assistant.timing.recurrence.errors import ScheduleError
from personal_assistant.timing.recurrence.schedule import Schedule

__all__ = ["Schedule", "ScheduleError", "parse_schedule"]
