"""How things are printed."""

import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import CommandLine

from personal_assistant.cli.output import clean, plain, say, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    rows: list[tuple[str, ...]],
    columns: tuple[str, ...] = ("id", "state", "title"),
) -> list[str]:
    """The lines of a table on a terminal of that width."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    table(columns, rows, empty="Nothing.")
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in terminal.getvalue().splitlines()]


def test_a_table_on_a_wide_terminal_has_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 60, [("1", "⏰ active", "Call mom"), ("22", "⏸️ paused", "日本語")])
    assert lines == ["id  state      title", "1   ⏰ active  Call mom", "22  ⏸️ paused  日本語"]


def test_long_texts_are_wrapped_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 30, [("1", "active", "Call mom about the party on Sunday")])
    assert lines == ["id  state   title", "1   active  Call mom about the", "            party on Sunday"]


def test_where_words_would_be_torn_apart_each_row_is_a_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 25, [("01a20fa3-0e5b-78d1", "cancelled", "Call mom"), ("2", "", "x")])
    assert lines == ["01a20fa3-0e5b-78d1", "   state: cancelled", "   title: Call mom", "2", "   title: x"]


def test_columns_without_a_word_need_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 17, [("1", "–", "–"), ("2", "–", "Mom")])
    assert lines == ["id  state  title", "1   –      –", "2   –      Mom"]


def test_what_room_there_is_keeps_short_phrases_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 36, [("1", "30 min 4 s", "Call mom about the party"), ("2", "completed", "Stretch")])
    assert lines == [
        "id  state       title",
        "1   30 min 4 s  Call mom about the",
        "                party",
        "2   completed   Stretch",
    ]


def test_an_instant_stays_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[tuple[str, ...]] = [("1", "Wed 25 Nov 2026 09:00:00", "Call mom about the party on Sunday")]
    assert drawn(monkeypatch, 46, rows, columns=("id", "next", "title")) == [
        "id  next                      title",
        "1   Wed 25 Nov 2026 09:00:00  Call mom about",
        "                              the party on",
        "                              Sunday",
    ]


def test_columns_too_narrow_to_read_become_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, 22, [("1", "active", "Call mom about it")])
    assert lines == ["1", "   state: active", "   title: Call mom", "   about it"]


def test_a_table_in_a_file_has_no_blanks_at_the_ends_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    table(("id", "title"), [("1", "Call mom"), ("2", "x")], empty="Nothing.")
    assert capsys.readouterr().out == "id  title\n1   Call mom\n2   x\n"


def test_an_empty_table_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, 60, []) == ["Nothing."]


def test_control_characters_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert clean("a\x1b[31mb\x07\u202ec\ud800") == "a [31mb  c "
    assert clean("👩‍👩‍👧 ⏸️ é 日本") == "👩‍👩‍👧 ⏸️ é 日本"
    say("one\x1b[2J\ntwo")
    assert capsys.readouterr().out == "one [2J\ntwo\n"


def test_documents_hold_what_json_can_hold() -> None:
    at = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
    assert plain({"at": at, 1: (Path("/x"), None)}) == {"at": "2026-06-02T12:00:00Z", "1": ["/x", None]}


def test_a_terminal_that_does_not_know_emoji_gets_question_marks(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "argv", ["assistant", "remind", "call mom tomorrow at 9am"])
    monkeypatch.setattr(sys, "stdout", poor)
    from personal_assistant.cli.main import main

    cli.forget()
    with pytest.raises(SystemExit) as ended:
        main()
    poor.flush()
    assert ended.value.code in (0, None)
    assert poor.buffer.getvalue().startswith(b"? Scheduled: call mom")


def test_a_mistake_in_the_program_is_a_sentence_too(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("personal_assistant.jobs.queries.list_jobs", broken)
    answer = cli("jobs", "list", "--json")
    assert answer.code == 1 and "This is a mistake in the program: KeyError: 'lost'." in answer.document["error"]
