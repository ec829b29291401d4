"""`assistant keys`: the keys that secrets are sealed with."""

from collections.abc import Sequence
from typing import Any

from personal_assistant.cli.output import Json, as_typed, group, print_json, say, table, warn

app = group("The keys that secrets are encrypted with.")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The keys by name, and how many secrets each has sealed. The first one seals, all open."""
    from personal_assistant.cli.session import session
    from personal_assistant.store.resealing import survey
    from personal_assistant.store.secrets import SETTING, vault_of

    current = session()
    vault = vault_of(current.runtime.settings)
    with current.runtime.db.read() as conn:
        sealed = survey(conn, vault)
    place = str(vault.file.path) if vault.has_file else SETTING
    keys: list[dict[str, Any]] = [
        {"key": key, "seals": place_of == 0, "secrets": sealed.by_key[key]} for place_of, key in enumerate(vault.ids())
    ]
    if as_json:
        print_json({"place": place, "keys": keys, "lost": sealed.lost})
        return
    rows = [(it["key"], "seals and opens" if it["seals"] else "opens", str(it["secrets"])) for it in keys]
    table(("key", "use", "secrets"), rows, empty="There is no key yet: the first secret makes one.")
    if rows:
        say(f"   They lie in {place}.")
    _warn_of(sealed.lost)


@app.command()
def rotate(as_json: Json = False) -> None:
    """Make a new key and encrypt everything with it. The old ones stay, to open what is older.

    What runs goes on without a restart. A rotation that was interrupted is finished by the next one.
    """
    from personal_assistant.cli.session import session
    from personal_assistant.store.resealing import rotate as rotate_keys
    from personal_assistant.store.secrets import vault_of

    current = session()
    vault = vault_of(current.runtime.settings)
    done = rotate_keys(current.runtime.db, vault)
    if as_json:
        print_json(done)
        return
    say(_told(done, vault.ids()))
    if not vault.has_file:
        say(
            "   For a new key: put one (`openssl rand -base64 32`) and a comma before the others in "
            "ASSISTANT_SECRET_KEY, start every process with that, and do this again."
        )
    _warn_of(done.lost)


def _told(done: Any, keys: Sequence[str]) -> str:
    count = f"{done.resealed} secret{'' if done.resealed == 1 else 's'}"
    if done.new_key is not None:
        return f"✅ New key {done.new_key}; sealed with it: {count}"
    if done.finished:
        return as_typed(
            f"✅ Finished a rotation that was interrupted; sealed with {keys[0]}: {count}. "
            "For a further key: `assistant keys rotate`."
        )
    return f"✅ Sealed with {keys[0]}, the first key: {count} that had another."


def _warn_of(lost: Sequence[str]) -> None:
    for reason in lost:
        warn(f"⚠️ {reason}")
