"""The `assistant` command: its groups, and how failures are shown."""

import errno
import gc
import os
import sys
from typing import Annotated

import typer

from personal_assistant import __version__
from personal_assistant.cli import (
    acting,
    ai_tasks,
    audit,
    bench,
    channels,
    drain,
    jobs,
    keys,
    lists,
    migrate,
    notifications,
    remind,
    remote,
    schedules,
    setup,
    status,
    tasks,
    time,
    tokens,
    up,
    users,
    watches,
    web,
    worker,
)
from personal_assistant.cli.output import as_typed, command_name, group, print_json, say
from personal_assistant.errors import AssistantError

_ABOUT = "The background half of a personal assistant: it remembers, watches and does things while nobody is looking."

app = group(_ABOUT, name="assistant")


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"personal_assistant {__version__}")
        raise typer.Exit


@app.callback(help=_ABOUT)
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


app.command("up")(up.up)
app.command("init")(setup.init)
app.command("web")(web.web)
app.command("worker")(worker.worker)
app.command("scheduler")(worker.scheduler)
app.command("drain")(drain.drain)
app.command("migrate")(migrate.migrate)
app.command("remind")(remind.remind)
app.command("done")(acting.done)
app.command("snooze")(acting.snooze)
app.command("skip")(acting.skip)
app.command("today")(lists.today)
app.command("time")(time.time)
app.command("status")(status.status)
app.command("doctor")(status.doctor)
app.add_typer(ai_tasks.app, name="ai-tasks")
app.add_typer(jobs.app, name="jobs")
app.add_typer(schedules.app, name="schedules")
app.add_typer(tasks.app, name="tasks")
app.add_typer(notifications.app, name="notifications")
app.add_typer(channels.app, name="channels")
app.add_typer(watches.app, name="watches")
app.add_typer(keys.app, name="keys")
app.add_typer(tokens.app, name="tokens")
app.add_typer(users.app, name="users")
app.add_typer(audit.app, name="audit")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line. A failure is one sentence on standard error and an exit code, never a traceback.

    With --json there is one JSON document on standard output in any case.
    """
    # Modules and tables are many objects and no garbage: looking through them again and again holds up each start.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may not know every character
    try:
        remote.check(sys.argv[1:])
        sys.exit(app(prog_name=command_name(), standalone_mode=not _as_json()))
    except typer.TyperException as error:
        _fail(error.format_message(), error.exit_code)
    except AssistantError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        _fail(_explained(error))
    except UnicodeEncodeError as error:
        _fail(f"The text {error.object!r} holds what is no character; the command line is read as UTF-8.")
    except Exception as error:
        if os.environ.get("ASSISTANT_LOG_LEVEL", "").upper() == "DEBUG":
            raise
        text = " ".join(str(error).split())[:300]
        _fail(
            f"This is a mistake in the program: {type(error).__name__}: {text}. "
            "Run the same command with ASSISTANT_LOG_LEVEL=DEBUG and report what it prints."
        )


def _explained(error: OSError) -> str:
    what = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{what} Free some space and do it again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{what} Check the permissions there."
    return what


def _as_json() -> bool:
    return "--json" in sys.argv


def _fail(sentence: str, code: int = 1) -> None:
    sentence = as_typed(sentence)
    if _as_json():
        print_json({"error": sentence})
    print(f"❌ {sentence}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


if __name__ == "__main__":
    main()
