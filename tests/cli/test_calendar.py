"""The calendar in the command line: its address, files in and out."""

from pathlib import Path

from tests.cli.conftest import CommandLine


def test_the_feed_has_one_address_that_is_shown_once(cli: CommandLine) -> None:
    first = cli.document("notifications", "feed")["url"]
    assert first.startswith("http://127.0.0.1:8400/calendar/")
    assert cli.document("notifications", "feed") == {"on": True, "url": None}
    assert "was shown when it was made" in cli.ok("notifications", "feed").out
    assert cli.document("notifications", "feed", "--new")["url"] not in (None, first)
    assert cli.ok("notifications", "feed", "--off").out == "✅ The calendar feed is off.\n"
    assert cli.ok("notifications", "feed", "--off").out == "The calendar feed was off already.\n"
    assert "not both" in cli("notifications", "feed", "--off", "--new").err


def test_what_is_exported_is_known_when_it_comes_again(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("remind", "call mom on 5 June 2040 at 9am")
    file = str(tmp_path / "all.ics")
    assert cli.document("ai-tasks", "export", file) == {"file": file, "calendar": None}
    again = cli.document("ai-tasks", "import", file)
    assert [it["reason"] for it in again["not_imported"]] == ["it is here already"]
    assert "SUMMARY:call mom" in cli.ok("ai-tasks", "export").out
    cli.ok("ai-tasks", "remove", "1")
    assert "1 would be imported, 0 not" in cli.ok("ai-tasks", "import", file, "--dry-run").out
    assert "✅ 1 imported, 0 not" in cli.ok("ai-tasks", "import", file).out
    assert cli("ai-tasks", "import", str(tmp_path / "none.ics")).code == 1
    (tmp_path / "text.ics").write_text("hello")
    assert "no iCalendar file" in cli("ai-tasks", "import", str(tmp_path / "text.ics")).err
