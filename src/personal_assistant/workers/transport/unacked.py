"""Messages that a worker holds when it loses Redis: neither to acknowledge them nor to give them back may end it."""

from kombu.transport import redis
from redis import ConnectionError as LostConnectionError

from personal_assistant.workers.logs import get_logger

log = get_logger(__name__)


class PatientQoS(redis.QoS):
    """Kombu's, but that a connection which is closed or broken raises nothing that Celery does not expect.

    The messages lie at the broker, which hands them out again after its visibility timeout. Their jobs are in the
    ledger.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message. Raises redis.ConnectionError, which Celery notes, where its connection is gone."""
        connection = self.channel.connection
        if connection is None or connection.client is None:
            raise LostConnectionError("The connection that brought this message is gone.")
        super().ack(delivery_tag)

    def restore_unacked_once(self, stderr: object = None) -> None:
        """Give messages back where that is possible; kombu calls it when it closes a channel."""
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
