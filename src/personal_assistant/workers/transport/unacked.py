"""Messages that a worker holds when it loses Redis: that they cannot be given back then must not end the worker."""

import structlog
from kombu.transport import redis

log = structlog.get_logger(__name__)


class PatientQoS(redis.QoS):
    """Kombu's, but that a connection which is closed or broken is no reason for `restore_unacked_once` to raise.

    Kombu calls it when it closes a channel, and lets through what its second try on a lost connection raises. The
    messages lie at the broker, which hands them out again after its visibility timeout; their jobs are in the ledger.
    """

    def restore_unacked_once(self, stderr: object = None) -> None:
        """Give messages back where that is possible."""
        held = len(self._delivered or ())
        try:
            super().restore_unacked_once(stderr=stderr)
        except Exception as error:
            log.warning("messages could not be given back to the broker", count=held, error=str(error))
            if self._delivered:
                self._delivered.clear()


def install() -> None:
    """Have every connection to Redis use it."""
    redis.Channel.QoS = PatientQoS
