"""The `assistant` command where it knows the tasks of this benchmark: a scheduler fires those that it knows only."""

import runpy

from personal_assistant.benchmarks.chaos.tasks import plain

if __name__ == "__main__":
    assert plain.name, "importing it has declared it"
    runpy.run_module("personal_assistant.cli.main", run_name="__main__")
