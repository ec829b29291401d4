"""Judging the time language by a file of phrases with their meanings, one JSON object a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from personal_assistant.timing.language import TimeRefused, understand, understand_sentence
from personal_assistant.timing.zones import get_zone


@dataclass(frozen=True, slots=True)
class Miss:
    """A phrase that was read otherwise than expected."""

    id: str
    text: str
    expected: dict[str, Any]
    got: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """How many phrases were read as expected."""

    passed: int
    total: int
    misses: list[Miss]


def check_file(path: Path) -> Score:
    """Judge every line. Raises OSError; ValueError naming the line that is not in the format, and for a file without
    a line, which would pass without having been judged.
    """
    misses: list[Miss] = []
    total = 0
    for line in _lines(path):
        total += 1
        expected = {**line["expect"], **_title(line, line["expect"])}
        got = _read(line)
        if got != expected:
            misses.append(Miss(str(line["id"]), line["text"], expected, got))
    if not total:
        raise ValueError("it holds no phrase.")
    return Score(total - len(misses), total, misses)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                line = json.loads(text)
                _ = line["id"], line["text"] + line["zone"], line["expect"]["kind"]
                line["now"] = datetime.fromisoformat(line["now"])
                get_zone(line["zone"])
                if line["now"].tzinfo is None:
                    raise ValueError("now has no offset")
                if line.get("title", "") is None:
                    del line["title"]
                if not isinstance(line.get("title", ""), str):
                    raise TypeError("title is no text")
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"line {number} is not a phrase with id, text, now, zone and expect ({error})."
                ) from error
            yield line


def _title(line: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """The title counts where there is one, but not that of a refused sentence."""
    return {"title": line["title"]} if "title" in line and expected["kind"] != "refuse" else {}


def _read(line: dict[str, Any]) -> dict[str, Any]:
    read = understand_sentence if "title" in line else understand
    try:
        found = read(line["text"], now=line["now"], zone=line["zone"])
    except TimeRefused as refused:
        return {"kind": "refuse", "reason": refused.reason}
    title = {} if found.title is None else {"title": found.title}
    instants = [it.astimezone(UTC).isoformat().replace("+00:00", "Z") for it in found.next]
    meaning = {"at": instants[0]} if found.kind == "once" else {"next": instants}
    return {"kind": found.kind, **meaning, **title}
