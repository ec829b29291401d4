"""Finding AI tasks by words and tags."""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from personal_assistant.ai.extras import Extras, find_extras
from personal_assistant.ai.model import SELECTED, AITask, AITaskError, ai_task_of
from personal_assistant.store.tables import ai_tasks, reminders

_MOST_WORDS, _LONGEST = 10, 200


@dataclass(frozen=True, slots=True)
class Hit:
    """An AI task that was found, with its tags."""

    ai_task: AITask
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, and whether there would be more without the limit."""

    hits: Sequence[Hit]
    more: bool


def search(conn: sa.Connection, user_id: int, words: str, *, tag: str | None = None, limit: int = 50) -> Hits:
    """A person's AI tasks, in any state, in whose title, description, notes or tags each of the words occurs.

    With `tag`, of those with that tag only; large and small letters are the same. Those with a next instant come first.
    Raises AITaskError where nothing is asked for, or too much.
    """
    _check(words, tag)
    found = SELECTED.outerjoin(reminders, reminders.c.ai_task_id == ai_tasks.c.id).where(ai_tasks.c.user_id == user_id)
    tags = sa.cast(reminders.c.tags, sa.Text)
    parts = (ai_tasks.c.title, ai_tasks.c.description, reminders.c.notes, tags)
    # A line each, so that no word is found at the seam of two.
    text = functools.reduce(lambda before, part: before.concat("\n").concat(part), map(_text, parts))
    for word in words.split():
        found = found.where(_contains(text, word))
    if tag is not None:
        # Tags are a JSON list of texts, in which this is one of them from its beginning to its end.
        found = found.where(_contains(tags, json.dumps(" ".join(tag.removeprefix("#").split()), ensure_ascii=False)))
    ordered = found.order_by(ai_tasks.c.next_run_at.is_(None), ai_tasks.c.next_run_at, ai_tasks.c.id.desc())
    tasks = [ai_task_of(row) for row in conn.execute(ordered.limit(limit + 1)).mappings()]
    extras = find_extras(conn, [task.id for task in tasks])
    hits = [Hit(task, tuple(extras.get(task.id, Extras()).tags)) for task in tasks[:limit]]
    return Hits(hits, len(tasks) > limit)


def _check(words: str, tag: str | None) -> None:
    if not words.strip() and not (tag or "").strip():
        raise AITaskError("Say what to look for: words of its title, text, notes or tags, or a tag.")
    if len(words) > _LONGEST or len(tag or "") > _LONGEST or len(words.split()) > _MOST_WORDS:
        raise AITaskError(f"Look for at most {_MOST_WORDS} words in {_LONGEST} characters.")
    if not " ".join(f"{words} {tag or ''}".split()).isprintable():
        raise AITaskError("What you look for holds a character that cannot be printed; leave it out.")


def _text(part: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.func.coalesce(part, "")


def _contains(text: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    """Whether a text holds a word. Databases know the large and small letters of English only, or may."""
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    return sa.or_(*(text.icontains(form, autoescape=True) for form in sorted(forms)))
