"""SMS, push and chat services by an Apprise URL."""

import logging
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from personal_assistant.notifications.model import AddressError, Parcel, Refused, TryLater, Unknown
from personal_assistant.notifications.net.guard import Guard, guarded
from personal_assistant.notifications.net.pause import pauses, retry_after
from personal_assistant.notifications.senders import SendingConfig
from personal_assistant.notifications.senders.apprise_schemas import OFFERED, refuse_schema
from personal_assistant.notifications.senders.apprise_text import title_and_body
from personal_assistant.notifications.senders.threads import in_thread

if TYPE_CHECKING:
    from apprise import NotifyBase

    from personal_assistant.notifications.net.watching import Seen

_MAX_URL = 2000
_SHOWN_FORMS = 3
_LATER = frozenset({408, 409, 425, 429})
_GATEWAY_TIMEOUT = 504


class AppriseSender:
    """Sends to addresses of the channels sms and push."""

    def check(self, url: str) -> str:
        """What may be shown of the URL: the service. Raises AddressError for one that cannot be used."""
        service = _service(url)
        return f"{service.service_name} {service.schema}://…"

    async def send(self, parcel: Parcel, config: SendingConfig) -> None:
        """Send it in a thread; Apprise waits for its services.

        Raises Refused when it will never be taken, TryLater when it certainly was not, Unknown when it may have been.
        """
        name = f"address:{parcel.address.id}"
        if (left := pauses().left(name, parcel.key)) > 0:
            raise TryLater("it asked to be left alone for a while", retry_after=left)
        # A service may ask to log in first, and each of the two requests has its time.
        seconds = 2 * (config.connect_seconds + config.reply_seconds)
        outcome = await in_thread(lambda: _notify(parcel, config, seconds), seconds)
        if outcome is None:
            return
        if isinstance(outcome, TryLater) and outcome.retry_after:
            pauses().begin(name, outcome.retry_after, parcel.key)
        raise outcome


def _notify(parcel: Parcel, config: SendingConfig, seconds: float) -> Refused | TryLater | Unknown | None:
    """Send it, in this thread; what came of it, None when it was taken."""
    try:
        service = _service(parcel.target.url)
    except AddressError as error:
        return Refused(str(error))
    from personal_assistant.notifications.net.watching import watched

    title, body = title_and_body(parcel, service.title_maxlen, service.body_maxlen)
    with (
        guarded(config.private_hosts) as guard,
        watched(seconds, config.connect_seconds, config.reply_seconds) as watch,
    ):
        try:
            taken = service.notify(body=body, title=title, body_format="text")
        except Exception:  # a plugin that stumbles over what a service answered; what was seen says the rest
            taken = False
    return None if taken and watch.seen else _meaning(watch.seen, guard)


def _meaning(seen: Sequence["Seen"], guard: Guard) -> Refused | TryLater | Unknown:
    if guard.refused is not None:
        return Refused(guard.refused)
    if not seen:
        return Refused("nothing was sent: the service cannot be used with that URL")
    last = seen[-1]
    if last.bad_certificate:
        return Refused("its certificate is not valid")
    if last.status is None:
        return (Unknown if last.sent else TryLater)(last.error or "it cannot be reached")
    wait = retry_after(last.wait)
    said = f"it answered {last.status}"
    if last.status < 300:
        return Unknown(f"{said}, and not that it took the message")
    if last.status < 400:
        return Refused(f"it redirects ({last.status}): give the URL that it redirects to")
    if last.status == _GATEWAY_TIMEOUT:
        return Unknown(said, retry_after=wait)
    if last.status in _LATER or last.status >= 500:
        return TryLater(said, retry_after=wait)
    return Refused(said)


def _service(url: str) -> "NotifyBase":
    """What sends to the URL. Raises AddressError, with the reason but nothing of the URL's secrets."""
    if len(url) > _MAX_URL or not url.isprintable():
        raise AddressError(f"The URL of a service has at most {_MAX_URL:,} characters, without control characters.")
    apprise = _apprise()
    schema = url.strip().partition("://")[0].lower() if "://" in url else ""
    if schema not in OFFERED and schema not in ("http", "https"):
        raise refuse_schema(schema)
    from apprise.plugins import url_to_dict

    parsed = url_to_dict(url.strip())  # type: ignore[no-untyped-call]
    found = str((parsed or {}).get("schema", schema)).lower()
    if found not in OFFERED:
        raise refuse_schema(found)
    service = parsed and _made(apprise, parsed)
    if service is None:
        raise AddressError(_forms(apprise, found))
    if len(service) > 1:
        raise AddressError("That URL goes to several at once. Add an address for each: each has an outcome of its own.")
    if _reads_files(apprise, service):
        raise AddressError("A URL that names a file to read, such as a template, cannot be used.")
    return service


def _made(apprise: ModuleType, parsed: dict[str, Any]) -> "NotifyBase | None":
    service = apprise.Apprise.instantiate(parsed, asset=_asset())
    if service is not None:
        service.redirects = False
        service.overflow_mode = apprise.OverflowMode.TRUNCATE
    made: NotifyBase | None = service
    return made


def _reads_files(apprise: ModuleType, service: "NotifyBase") -> bool:
    return any(isinstance(it, apprise.AppriseAttachment) and len(it) for it in vars(service).values())


def _forms(apprise: ModuleType, schema: str) -> str:
    plugin = apprise.NotificationManager()[schema]
    if not plugin.enabled:
        return f"{schema}:// needs a Python package that is not installed."
    forms = [it.replace("{schema}", schema) for it in plugin.templates[:_SHOWN_FORMS]]
    return f"That is no URL of {plugin.service_name}. It has to look like {' or '.join(forms)}."


@lru_cache
def _asset() -> Any:
    """No file is kept, no redirect followed, nothing repeated: an attempt is one."""
    return _apprise().AppriseAsset(storage_mode="memory", http_redirects=False, async_mode=False, app_id="Assistant")


@lru_cache
def _apprise() -> ModuleType:
    """The package, from its optional extra. Raises AddressError where it is missing."""
    try:
        import apprise
    except ImportError:
        raise AddressError(
            "SMS, push and chat services need a package more: pip install 'personal-assistant[apprise]'"
        ) from None
    # What it logs holds parts of URLs, and urllib3's DEBUG has their paths: tokens, both.
    logging.getLogger(apprise.LOGGER_NAME).disabled = True
    logging.getLogger("urllib3").setLevel(logging.INFO)
    return apprise
