"""The errors that every floor may raise. Their text is a sentence that says what to do."""


class AssistantError(Exception):
    """Something the caller can act on; `str()` of it is shown as it stands, without a traceback."""


class PermanentError(AssistantError):
    """Raised by a task: trying again will not help. The job fails at once."""


class TransientError(AssistantError):
    """Raised by a task: it may work later. The job is tried again, after `retry_after` seconds where that is known."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
