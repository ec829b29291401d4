"""Health of what is sealed: keys that others may read, and secrets that cannot be opened."""

from collections.abc import Iterator

from personal_assistant.store.resealing import survey
from personal_assistant.store.secrets import SecretsError, vault_of
from personal_assistant.workers.runtime import Runtime
from personal_assistant.workers.utils.findings import Finding

_CHECK = "secrets"
_MOST_NAMED = 10


def check_sealed(runtime: Runtime) -> Iterator[Finding]:
    """The key file's permissions, and whether everything that is sealed can be opened."""
    try:
        vault = vault_of(runtime.settings)
        vault.ids()
    except SecretsError as error:
        yield Finding(_CHECK, "error", str(error), "Nothing can be sent outside of the assistant until then.")
        return
    path = vault.file.path
    if vault.has_file and vault.file.others_may_read():
        fix = f"Run  chmod 600 {path}  and, where somebody may have read it, `assistant keys rotate`."
        yield Finding(_CHECK, "error", f"Others than its owner may read {path}.", fix)
    with runtime.db.read() as conn:
        lost = survey(conn, vault).lost
    for reason in lost[:_MOST_NAMED]:
        yield Finding(_CHECK, "error", reason, "`assistant channels list` shows the names of addresses.")
    if len(lost) > _MOST_NAMED:
        yield Finding(_CHECK, "error", f"{len(lost) - _MOST_NAMED} more secrets cannot be opened.", "See above.")
