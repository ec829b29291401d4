"""The `assistant` command: its groups, and how failures are shown."""

import json
import sys

from personal_assistant.cli import (
    ai_tasks,
    bench,
    jobs,
    notifications,
    remind,
    schedules,
    setup,
    status,
    tasks,
    time,
    up,
)
from personal_assistant.cli.output import as_typed, group
from personal_assistant.errors import AssistantError

app = group(
    "The background half of a personal assistant: it remembers, watches and does things while nobody is looking.",
    name="assistant",
)
app.command("up")(up.up)
app.command("init")(setup.init)
app.command("migrate")(setup.migrate)
app.command("remind")(remind.remind)
app.command("time")(time.time)
app.command("status")(status.status)
app.command("doctor")(status.doctor)
app.add_typer(ai_tasks.app, name="ai-tasks")
app.add_typer(jobs.app, name="jobs")
app.add_typer(schedules.app, name="schedules")
app.add_typer(tasks.app, name="tasks")
app.add_typer(notifications.app, name="notifications")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line. A failure is one sentence on standard error and exit code 1, never a traceback."""
    try:
        app()
    except AssistantError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")


def _fail(sentence: str) -> None:
    sentence = as_typed(sentence)
    if "--json" in sys.argv:
        print(json.dumps({"error": sentence}, ensure_ascii=False))  # noqa: T201
    print(f"❌ {sentence}", file=sys.stderr)  # noqa: T201
    sys.exit(1)


if __name__ == "__main__":
    main()
