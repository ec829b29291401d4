"""`assistant time`: what a time text means."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from personal_assistant.cli.output import Json, print_json, say
from personal_assistant.errors import AssistantError


def time(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS", help='A time text: "every other tuesday at 7pm".')
    ] = None,
    zone: Annotated[str | None, typer.Option(help="The IANA zone in which it is meant.")] = None,
    now: Annotated[str | None, typer.Option(help="The instant it is said at, in ISO 8601 with an offset.")] = None,
    sentence: Annotated[bool, typer.Option("--sentence", help="The text holds a title, too.")] = False,
    check: Annotated[Path | None, typer.Option(help="Judge a JSONL file of phrases with their meanings.")] = None,
    as_json: Json = False,
) -> None:
    """Show what is understood and the next occurrences, or why a text is refused. Nothing is scheduled."""
    if check is not None:
        _check(check, as_json)
    elif words:
        _understand(" ".join(words), zone, now, sentence, as_json)
    else:
        raise AssistantError("Give a time text, or a file with --check.")


def _understand(text: str, zone: str | None, now: str | None, sentence: bool, as_json: bool) -> None:
    from personal_assistant.ai.formatting import local, refusal, until
    from personal_assistant.timing.language import TimeRefused, understand, understand_sentence
    from personal_assistant.timing.zones import UnknownZoneError

    instant = _instant(now)
    try:
        zone = zone or _own_zone()
        understood = (understand_sentence if sentence else understand)(text, now=instant, zone=zone)
    except TimeRefused as refused:
        if as_json:
            sentence_document = {"error": refusal(refused), "kind": "refuse", "reason": refused.reason}
            print_json({**sentence_document, "message": refused.message, "suggestion": refused.suggestion})
            raise typer.Exit(1) from refused
        raise AssistantError(refusal(refused)) from refused
    except UnknownZoneError as error:
        raise AssistantError(str(error)) from error
    if as_json:
        found = {"kind": understood.kind, "title": understood.title, "understood": understood.words}
        print_json({**found, "zone": understood.zone, "next": understood.next})
        return
    if understood.title is not None:
        say(f"📝 {understood.title}")
    say(f"✅ {understood.words}")
    for following in understood.next:
        say(f"   {local(following, understood.zone)}  {until(following, instant)}")


def _instant(text: str | None) -> datetime:
    from personal_assistant.timing.clock import utc_now

    if text is None:
        return utc_now()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise AssistantError(f"{text!r} is not an ISO 8601 instant, like 2026-03-25T10:17:30+01:00.") from error
    if instant.tzinfo is None:
        raise AssistantError(f"{text!r} has no offset; write it like 2026-03-25T10:17:30+01:00.")
    return instant


def _own_zone() -> str:
    """The owner's zone; where there is no assistant yet, or none that can be read, the one it would get."""
    from personal_assistant.settings import get_settings
    from personal_assistant.timing.zones import system_zone

    settings = get_settings()
    if settings.database_url or (settings.data_dir / "assistant.db").exists():
        from personal_assistant.cli.session import session

        with suppress(AssistantError):
            return session().owner.zone
    return settings.zone or system_zone()


def _check(path: Path, as_json: bool) -> None:
    from personal_assistant.timing.checker import check_file

    try:
        score = check_file(path)
    except OSError as error:
        raise AssistantError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise AssistantError(f"{path} cannot be checked: {error}") from error
    if as_json:
        print_json(score)
    else:
        for miss in score.misses:
            say(f"{miss.id}: {miss.text!r}\n  expected {miss.expected}\n  got      {miss.got}")
        say(f"{score.passed}/{score.total} phrases as expected")
    if score.misses:
        raise typer.Exit(1)
