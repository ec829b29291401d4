"""The files of a deployment, as the tests read them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_SPAN = re.compile(r"(\d+)(s|m|min)?")


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit: each directive is (section, name, value), in the order of the file."""

    path: Path
    directives: tuple[tuple[str, str, str], ...]

    def values(self, name: str) -> list[str]:
        """What a directive is set to, wherever it stands."""
        return [value for _, key, value in self.directives if key == name]

    def value(self, name: str) -> str:
        """What a directive is set to that stands there once."""
        [value] = self.values(name)
        return value


def read_compose(root: Path) -> dict[str, Any]:
    """compose.yaml with its anchors and merges resolved."""
    document: dict[str, Any] = YAML(typ="safe").load((root / "compose.yaml").read_text("utf-8"))
    return document


def read_unit(path: Path) -> Unit:
    """One unit, in the syntax of systemd.syntax(7) without line continuations. Raises ValueError for any other line."""
    section, directives = "", []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith(("#", ";")):
            continue
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
        elif section and (setting := re.fullmatch(r"([A-Z]\w+)=(.*[^\\]|)", line)):
            directives.append((section, setting[1], setting[2]))
        else:
            raise ValueError(f"{path.name}:{number} is no line of a unit: {line}")
    return Unit(path, tuple(directives))


def read_units(root: Path) -> dict[str, Unit]:
    """Every unit by its file's name."""
    return {path.name: read_unit(path) for path in sorted((root / "deploy" / "systemd").iterdir())}


def seconds(span: str) -> int:
    """How long `60s`, `1m` or `60` is."""
    match = _SPAN.fullmatch(span)
    assert match is not None, span
    return int(match[1]) * (60 if match[2] in ("m", "min") else 1)
