"""Finding AI tasks by words and tags."""

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
    found = sa.select(ai_tasks.c.id).outerjoin(reminders, reminders.c.ai_task_id == ai_tasks.c.id)
    found = found.where(ai_tasks.c.user_id == user_id)
    tags = sa.cast(reminders.c.tags, sa.Text)
    parts = (ai_tasks.c.title, ai_tasks.c.description, reminders.c.notes, tags)
    for word in words.split():
        found = found.where(sa.or_(*(_contains(conn, part, word) for part in parts)))
    if tag is not None:
        # Tags are a JSON list of texts, in which this is one of them from its beginning to its end.
        whole = json.dumps(" ".join(tag.removeprefix("#").split()), ensure_ascii=False)
        found = found.where(_contains(conn, tags, whole))
    order = (ai_tasks.c.next_run_at.is_(None), ai_tasks.c.next_run_at, ai_tasks.c.id.desc())
    # Whole rows of those only that are shown.
    first = SELECTED.where(ai_tasks.c.id.in_(found.order_by(*order).limit(limit + 1))).order_by(*order)
    tasks = [ai_task_of(row) for row in conn.execute(first).mappings()]
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


def _contains(conn: sa.Connection, text: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    """Whether a text holds a word. The large and small letters of English are the same to the databases, of others the
    usual forms are looked for.
    """
    forms = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    # SQLite's LIKE makes no difference between them by itself; by the order of bytes PostgreSQL is twice as fast.
    plain = text if conn.dialect.name == "sqlite" else sa.func.lower(text.collate("C"))
    return sa.or_(*(plain.contains(form, autoescape=True) for form in sorted({_small(form) for form in forms})))


def _small(text: str) -> str:
    """With the large letters of English made small."""
    return "".join(char.lower() if char.isascii() else char for char in text)
