"""Printing: tables and colour where a person reads, one JSON document where a program does."""

import dataclasses
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from personal_assistant.errors import AssistantError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def group(about: str, name: str | None = None) -> typer.Typer:
    """A group of commands that prints its help when it is given none.

    Help and usage errors are plain text: importing what draws them in colour takes longer than all the rest of --help.
    """
    return typer.Typer(
        name=name,
        help=about,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


def command_name() -> str:
    """How the person calls this program; the launcher script says so."""
    return os.environ.get("ASSISTANT_LAUNCHER", "assistant")


def as_typed(message: str) -> str:
    """Our own message, with the commands that it names written as the person has to type them."""
    return message.replace("`assistant ", f"`{command_name()} ")


def id_parser(what: str, command: str, greatest: int) -> Callable[[str], int]:
    """Reads the id of a `what`, up to the greatest that its column holds; `command` is where a person finds ids."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError as error:
            raise AssistantError(
                f"{text!r} is not an id: ids are whole numbers. `assistant {command}` shows them."
            ) from error
        if abs(number) > greatest:
            raise AssistantError(f"There is no {what} {number}. `assistant {command}` shows yours.")
        return number

    return parse


def clean(text: str) -> str:
    """Text from outside without control characters, so that it cannot drive the terminal."""
    return "".join(
        char if unicodedata.category(char) not in ("Cc", "Cf", "Cs") or char == "\u200d" else " " for char in text
    )


def print_json(value: Any) -> None:
    """One JSON document; instants in ISO 8601, UTC."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=2))  # noqa: T201


def as_line(value: Any) -> str:
    """One JSON document in one line, for commands that go on printing."""
    return json.dumps(plain(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """Dataclasses, instants and paths as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def say(text: str) -> None:
    """Lines for a person, on standard output."""
    print("\n".join(clean(line) for line in text.split("\n")))  # noqa: T201


def warn(text: str) -> None:
    """Something a person must not overlook, on standard error."""
    if not sys.stderr.isatty():
        print(text, file=sys.stderr)  # noqa: T201
        return
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True).print(Text(text, style="bold yellow"))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """A table, or the sentence `empty`. Where no terminal reads, columns are as wide as they need to be.

    On a terminal so narrow that words would be torn apart, each row is a paragraph instead.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    if not rows:
        say(empty)
        return
    console = Console(width=None if sys.stdout.isatty() else 240)
    widths = _widths(columns, rows, console.width)
    if widths is None:
        for first, *rest in rows:
            console.print(Text(clean(first), style="bold"))
            for name, cell in zip(columns[1:], rest, strict=True):
                if cell:
                    console.print(Padding(Text(f"{name}: ").append(clean(cell), style=_style(cell)), (0, 0, 0, 3)))
        return
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for name, width in zip(columns, widths, strict=True):
        shown.add_column(name, overflow="fold", width=width)
    for row in rows:
        shown.add_row(*(Text(clean(cell), style=_style(cell)) for cell in row))
    if sys.stdout.isatty():
        console.print(shown)
        return
    with console.capture() as drawn:
        console.print(shown)
    print("\n".join(line.rstrip() for line in drawn.get().splitlines()))  # noqa: T201


_GAP = 2
# Columns of instants: a date and its time belong in one line.
_INSTANTS = frozenset({"next", "last", "due", "delivered", "done"})


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """How wide each column is to be, in terminal cells; None where ids, instants or words would be torn apart.

    What is left beyond that goes to the narrowest columns first, so that short phrases stay in one line.
    """
    from rich.cells import cell_len

    wanted, widths = [], []
    for index, (name, *cells) in enumerate(zip(columns, *rows, strict=True)):
        whole = index == 0 or name in _INSTANTS
        texts = [clean(cell) for cell in cells]
        wanted.append(max(cell_len(text) for text in (name, *texts)))
        widths.append(wanted[-1] if whole else max(_longest_word(name), *(_least(text) for text in texts)))
    spare = room - sum(widths) - _GAP * (len(widths) - 1)
    if spare < 0:
        return None
    for _ in range(spare):
        growing = [index for index, width in enumerate(widths) if width < wanted[index]]
        if not growing:
            break
        widths[min(growing, key=widths.__getitem__)] += 1
    return widths


def _least(cell: str) -> int:
    """A column that is narrower than this is no pleasure to read."""
    from rich.cells import cell_len

    return max(_longest_word(cell), min(cell_len(cell), 12))


def _longest_word(cell: str) -> int:
    from rich.cells import cell_len

    # Text in other scripts than ours may be broken anywhere, and so may endless words.
    return max((min(cell_len(word), 40 if word.isascii() else 10) for word in cell.split()), default=0)


_STYLES = {
    **dict.fromkeys(("failed", "error", "missed"), "red"),
    **dict.fromkeys(("succeeded", "ok", "active", "completed"), "green"),
    **dict.fromkeys(("running", "queued", "processing"), "cyan"),
    **dict.fromkeys(("waiting", "paused", "warning"), "yellow"),
}


def _style(cell: str) -> str:
    return _STYLES.get(cell.split(" ")[-1], "") if len(cell) < 20 else ""
