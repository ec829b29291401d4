"""First run and every later start: tables, owner, timetable."""

from personal_assistant.errors import AssistantError
from personal_assistant.settings import config_file
from personal_assistant.store.people import Person, create_owner, get_owner
from personal_assistant.store.schema import require_current, upgrade
from personal_assistant.timing.zones import UnknownZoneError, get_zone, system_zone
from personal_assistant.workers.runtime import Runtime


def prepare(runtime: Runtime) -> Person:
    """Make what is missing and bring the rest up to date; returns the owner. Doing it again changes nothing.

    Raises AssistantError for a zone that does not exist and for a database that cannot be used.
    """
    # Not needed to find the owner, and Celery takes longer to import than most commands take to run.
    from personal_assistant.workers.schedulers.timetable import sync_timetable

    zone = runtime.settings.zone or system_zone()
    try:
        zone = get_zone(zone).key
    except UnknownZoneError as error:
        raise AssistantError(f"{error} It is set by ASSISTANT_ZONE, by .env or in {config_file()}.") from error
    upgrade(runtime.db)
    with runtime.db.write() as conn:
        name = runtime.settings.owner_name or None
        owner = create_owner(conn, name=name, zone=zone, now=runtime.clock.now())
    sync_timetable(runtime, owner.zone)
    return owner


def ready_owner(runtime: Runtime) -> Person:
    """The owner of an assistant that is set up. Raises AssistantError, which says what to do, when it is not."""
    require_current(runtime.db)
    with runtime.db.read() as conn:
        return get_owner(conn)
