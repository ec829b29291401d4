"""A file of phrases is judged line by line: the misses are named, and a file in another format is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from personal_assistant.cli.main import app
from personal_assistant.errors import AssistantError
from personal_assistant.timing.checker import Miss, Score, check_file

NOW = "2026-06-10T14:20:45+02:00"
AT = {"kind": "once", "at": "2026-06-11T07:00:00Z"}
GOOD: dict[str, Any] = {"id": "day-1", "text": "tomorrow", "now": NOW, "zone": "Europe/Paris", "expect": AT}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "phrases.jsonl"


def _write(file: Path, *lines: Mapping[str, Any]) -> None:
    file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")


def test_phrases_read_as_expected_score_in_full(file: Path) -> None:
    times = [f"2026-06-{day}T07:00:00Z" for day in range(11, 16)]
    _write(
        file,
        GOOD,
        {**GOOD, "id": "day-2", "text": "every day", "expect": {"kind": "recurring", "next": times}},
        {**GOOD, "id": "day-3", "text": "today", "expect": {"kind": "refuse", "reason": "past"}},
        {**GOOD, "id": "day-4", "text": "🎂 cake tomorrow", "title": "🎂 cake"},
    )
    assert check_file(file) == Score(passed=4, total=4, misses=[])


def test_empty_lines_hold_no_phrase(file: Path) -> None:
    file.write_text(f"\n{json.dumps(GOOD)}\n\n  \n", encoding="utf-8")
    assert check_file(file).total == 1


@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"expect": {"kind": "once", "at": "2026-06-11T07:00:01Z"}}, AT),
        ({"expect": {"kind": "recurring", "next": ["2026-06-11T07:00:00Z"]}}, AT),
        ({"expect": {"kind": "refuse", "reason": "past"}}, AT),
        ({"text": "blursday"}, {"kind": "refuse", "reason": "not_understood"}),
        (
            {"text": "today", "expect": {"kind": "refuse", "reason": "ambiguous"}},
            {"kind": "refuse", "reason": "past"},
        ),
        (
            {"text": "every monday until 16 June", "expect": {"kind": "recurring", "next": []}},
            {"kind": "recurring", "next": ["2026-06-15T07:00:00Z"]},
        ),
    ],
)
def test_another_meaning_is_a_miss_with_what_was_got(
    file: Path, changes: Mapping[str, Any], got: Mapping[str, Any]
) -> None:
    line = {**GOOD, **changes}
    _write(file, GOOD, line)
    assert check_file(file) == Score(
        passed=1, total=2, misses=[Miss(id="day-1", text=line["text"], expected=line["expect"], got=dict(got))]
    )


def test_another_title_is_a_miss(file: Path) -> None:
    _write(file, {**GOOD, "text": "call Ann tomorrow", "title": "call ann"})
    miss = check_file(file).misses[0]
    assert miss.expected == {**AT, "title": "call ann"}
    assert miss.got == {**AT, "title": "call Ann"}


def test_the_title_of_a_refused_sentence_is_not_compared(file: Path) -> None:
    refused = {"kind": "refuse", "reason": "past"}
    _write(file, {**GOOD, "text": "call Ann yesterday", "title": "something else", "expect": refused})
    assert check_file(file).misses == []


def test_a_title_makes_the_text_a_sentence(file: Path) -> None:
    _write(file, {**GOOD, "text": "call Ann tomorrow"})
    assert check_file(file).misses[0].got == {"kind": "refuse", "reason": "not_understood"}


def test_a_title_that_is_null_is_none(file: Path) -> None:
    _write(file, {**GOOD, "title": None})
    assert check_file(file).misses == []


@pytest.mark.parametrize("empty", ["", "\n  \n"])
def test_a_file_without_phrases_does_not_pass(file: Path, empty: str) -> None:
    file.write_text(empty, encoding="utf-8")
    code, message = _check("--check", str(file))
    assert (code, message) == (1, f"{file} cannot be checked: it holds no phrase.")


MALFORMED = [
    "not json",
    "[]",
    "3",
    "null",
    '"text"',
    json.dumps({key: value for key, value in GOOD.items() if key != "text"}),
    json.dumps({key: value for key, value in GOOD.items() if key != "expect"}),
    json.dumps({key: value for key, value in GOOD.items() if key != "now"}),
    json.dumps({key: value for key, value in GOOD.items() if key != "zone"}),
    json.dumps({key: value for key, value in GOOD.items() if key != "id"}),
    json.dumps({**GOOD, "expect": {}}),
    json.dumps({**GOOD, "expect": "once"}),
    json.dumps({**GOOD, "text": 5}),
    json.dumps({**GOOD, "zone": None}),
    json.dumps({**GOOD, "zone": "Mars/Olympus"}),
    json.dumps({**GOOD, "now": "yesterday"}),
    json.dumps({**GOOD, "now": "2026-06-10T14:20:45"}),
    json.dumps({**GOOD, "now": 1781094045}),
    json.dumps({**GOOD, "title": 5, "text": "call Ann tomorrow"}),
]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_line_in_another_format_is_named(file: Path, malformed: str) -> None:
    file.write_text(f"{json.dumps(GOOD)}\n{malformed}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 2 "):
        check_file(file)


def _check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["time", *arguments])
    if isinstance(result.exception, AssistantError):
        return 1, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_the_command_ends_with_the_score_and_code_0_without_a_miss(file: Path) -> None:
    _write(file, GOOD, GOOD)
    assert _check("--check", str(file)) == (0, "2/2 phrases as expected\n")


def test_the_command_prints_each_miss_then_the_score_and_ends_with_code_1(file: Path) -> None:
    _write(file, GOOD, {**GOOD, "id": "day-2", "text": "blursday"})
    code, output = _check("--check", str(file))
    assert code == 1
    assert "day-2" in output
    assert "blursday" in output
    assert "not_understood" in output
    assert output.splitlines()[-1] == "1/2 phrases as expected"


def test_the_command_prints_one_json_document(file: Path) -> None:
    _write(file, GOOD, {**GOOD, "id": "day-2", "text": "blursday"})
    code, output = _check("--check", str(file), "--json")
    document = json.loads(output)
    assert code == 1
    assert (document["passed"], document["total"]) == (1, 2)
    assert [miss["id"] for miss in document["misses"]] == ["day-2"]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_the_command_says_in_one_sentence_which_line_is_malformed(file: Path, malformed: str) -> None:
    file.write_text(f"{json.dumps(GOOD)}\n{malformed}\n", encoding="utf-8")
    code, message = _check("--check", str(file))
    assert code == 1
    assert str(file) in message
    assert "line 2" in message
    assert "Traceback" not in message


def test_the_command_refuses_what_is_not_a_file_of_text(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    for path in (file, tmp_path, tmp_path / "missing.jsonl"):
        code, message = _check("--check", str(path))
        assert code == 1
        assert str(path) in message
        assert "cannot be checked" in message or "cannot be read" in message
