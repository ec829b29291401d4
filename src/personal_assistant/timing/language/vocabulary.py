"""The words of the time language."""

from typing import Final

WEEKDAYS: Final = {
    **dict.fromkeys(("monday", "mon"), 0),
    **dict.fromkeys(("tuesday", "tue", "tues"), 1),
    **dict.fromkeys(("wednesday", "wed", "weds"), 2),
    **dict.fromkeys(("thursday", "thu", "thur", "thurs"), 3),
    **dict.fromkeys(("friday", "fri"), 4),
    **dict.fromkeys(("saturday", "sat"), 5),
    **dict.fromkeys(("sunday", "sun"), 6),
}
WEEKDAY_PLURALS: Final = {
    f"{name}s": day for name, day in WEEKDAYS.items() if name.endswith("day") or name in ("mon", "wed", "fri", "sun")
}
WORKING_DAYS: Final = (0, 1, 2, 3, 4)
WEEKEND: Final = (5, 6)

MONTHS: Final = {
    **{name: number for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june",
         "july", "august", "september", "october", "november", "december"), 1)},
    **{name: number for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)},
    "sept": 9,
}  # fmt: skip

_UNIT_NAMES: Final = {
    "second": ("second", "seconds", "sec", "secs", "s"),
    "minute": ("minute", "minutes", "min", "mins", "m"),
    "hour": ("hour", "hours", "hr", "hrs", "h"),
    "day": ("day", "days", "d"),
    "week": ("week", "weeks", "wk", "wks", "w"),
    "fortnight": ("fortnight", "fortnights"),
    "month": ("month", "months"),
    "quarter": ("quarter", "quarters"),
    "year": ("year", "years", "yr", "yrs", "y"),
}
UNITS: Final = {name: unit for unit, names in _UNIT_NAMES.items() for name in names}

ADVERBS: Final = {
    "hourly": (1, "hour"),
    "daily": (1, "day"),
    "everyday": (1, "day"),
    "weekly": (1, "week"),
    "fortnightly": (2, "week"),
    "monthly": (1, "month"),
    "quarterly": (1, "quarter"),
    "yearly": (1, "year"),
    "annually": (1, "year"),
}

# The hour that a part of the day means by itself.
PARTS: Final = {"morning": 9, "afternoon": 15, "evening": 19, "night": 21}
PART_PLURALS: Final = {f"{part}s": part for part in PARTS}

SMALL_NUMBERS: Final = {
    name: number for number, name in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"))
}  # fmt: skip
TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
ORDINALS: Final = {
    name: number for number, name in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
         "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
         "twentieth"), 1)
} | {"thirtieth": 30}  # fmt: skip

# Abbreviations that mean several zones, or one that has another name half of the year; and the city people mean most.
ZONE_ABBREVIATIONS: Final = {
    "est": "New York", "edt": "New York", "et": "New York", "cst": "Chicago", "cdt": "Chicago", "ct": "Chicago",
    "mst": "Denver", "mdt": "Denver", "mt": "Denver", "pst": "Los Angeles", "pdt": "Los Angeles", "pt": "Los Angeles",
    "akst": "Anchorage", "akdt": "Anchorage", "hst": "Honolulu", "hdt": "Honolulu", "ast": "Halifax", "adt": "Halifax",
    "nst": "St Johns", "ndt": "St Johns", "brt": "Sao Paulo", "art": "Buenos Aires", "clt": "Santiago",
    "bst": "London", "ist": "Kolkata", "wet": "Lisbon", "west": "Lisbon", "cet": "Paris", "cest": "Paris",
    "met": "Paris", "mest": "Paris", "eet": "Helsinki", "eest": "Helsinki", "msk": "Moscow", "trt": "Istanbul",
    "cat": "Maputo", "eat": "Nairobi", "wat": "Lagos", "sast": "Johannesburg", "gst": "Dubai", "pkt": "Karachi",
    "ict": "Bangkok", "wib": "Jakarta", "hkt": "Hong Kong", "sgt": "Singapore", "myt": "Kuala Lumpur", "pht": "Manila",
    "jst": "Tokyo", "kst": "Seoul", "awst": "Perth", "acst": "Adelaide", "acdt": "Adelaide", "aest": "Sydney",
    "aedt": "Sydney", "aet": "Sydney", "nzst": "Auckland", "nzdt": "Auckland", "nzt": "Auckland",
}  # fmt: skip
UNIVERSAL: Final = ("utc", "gmt", "z")
