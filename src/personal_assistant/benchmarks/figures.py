"""What a benchmark finds: figures with their unit, and the limit that each is to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `key` names it in JSON; `value` is None when it was not reached.

    `at_most` is the limit on a machine with two cores, at the standard size; None where there is none.
    """

    key: str
    label: str
    value: float | None
    unit: str = ""
    at_most: float | None = None

    @property
    def within(self) -> bool | None:
        """Whether it keeps its limit; None where there is none."""
        if self.at_most is None:
            return None
        return self.value is not None and self.value <= self.at_most


def as_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """Key to value."""
    return {figure.key: figure.value for figure in figures}


def as_rows(figures: Sequence[Figure]) -> list[tuple[str, str, str, str]]:
    """(label, value, limit, verdict) of each, for people."""
    return [(it.label, _text(it.value, it.unit), _limit(it), _verdict(it)) for it in figures]


def _text(value: float | None, unit: str) -> str:
    if value is None:
        return "not reached"
    return f"{value:,} {unit}".strip()


def _limit(figure: Figure) -> str:
    return "" if figure.at_most is None else f"≤ {_text(figure.at_most, figure.unit)}"


def _verdict(figure: Figure) -> str:
    return {None: "", True: "ok", False: "missed"}[figure.within]


def share(ordered: Sequence[float], part: float) -> float | None:
    """The figure that this part (0 to 1) of these sorted ones does not exceed; None where there are none."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 5) if ordered else None
