"""What a check of the system's health says."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw, and the remedy where there is something to mend."""

    check: str
    level: Level
    message: str
    fix: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
