"""First run and every later start: tables, owner, timetable."""

from collections.abc import Callable

from personal_assistant.errors import AssistantError
from personal_assistant.settings import Settings, config_file
from personal_assistant.store.people import Person, create_owner, find_owner, get_owner, set_zone
from personal_assistant.store.schema import require_current, upgrade
from personal_assistant.timing.zones import UnknownZoneError, find_zone, get_zone, system_zone, unnamed_tz
from personal_assistant.workers.runtime import Runtime


def prepare(
    runtime: Runtime, *, zone: str | None = None, tell: Callable[[str], None] = lambda sentence: None
) -> Person:
    """Make what is missing and bring the rest up to date; returns the owner. Doing it again changes nothing.

    `zone` becomes the owner's; without it the setting does at the first run, and the machine's where nothing is set.
    `tell` is given what the person should know about that. Raises AssistantError for a zone that does not exist and
    for a database that cannot be used.
    """
    # Not needed to find the owner, and Celery takes longer to import than most commands take to run.
    from personal_assistant.workers.schedulers.timetable import sync_timetable

    chosen = _known(runtime.settings.zone or system_zone() if zone is None else zone, given=zone is not None)
    upgrade(runtime.db)
    now = runtime.clock.now()
    with runtime.db.write() as conn:
        first = find_owner(conn) is None
        owner = create_owner(conn, name=runtime.settings.owner_name or None, zone=chosen, now=now)
        if zone is not None and owner.zone != chosen:
            owner = set_zone(conn, owner, chosen, now)
    passed_over = unnamed_tz() if first and zone is None and not runtime.settings.zone else None
    if passed_over is not None:
        tell(
            f"TZ is {passed_over[:64]!r}, which names no IANA zone, so times are meant in {owner.zone} (from "
            "/etc/timezone or /etc/localtime, else UTC). `assistant init --zone Europe/Paris` sets another zone."
        )
    if contradiction := zone_contradiction(runtime.settings, owner):
        tell(" ".join(contradiction))
    sync_timetable(runtime, owner.zone)
    return owner


def zone_contradiction(settings: Settings, owner: Person) -> tuple[str, str] | None:
    """What is wrong and what to do, where the setting names another zone than the one stored for the owner."""
    if not settings.zone or find_zone(settings.zone) == owner.zone:
        return None
    return (
        f"The setting zone says {settings.zone}, but times are meant in {owner.zone}: the setting counts at the first "
        "run only.",
        f"Run `assistant init --zone {settings.zone}` to change it, or remove the setting.",
    )


def _known(zone: str, *, given: bool) -> str:
    """The zone as the IANA data base spells it. Raises AssistantError, with where a setting stands."""
    try:
        return get_zone(zone).key
    except UnknownZoneError as error:
        where = "" if given else f" It is set by ASSISTANT_ZONE, by .env or in {config_file()}."
        raise AssistantError(f"{error}{where}") from error


def ready_owner(runtime: Runtime) -> Person:
    """The owner of an assistant that is set up. Raises AssistantError, which says what to do, when it is not."""
    require_current(runtime.db)
    with runtime.db.read() as conn:
        return get_owner(conn)
