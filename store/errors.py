"""Refusals: what went wrong, in the words of the person it happened to."""


class Refusal(Exception):
    """An action that is refused, with a message for people.

    `message` is Chinese and says what to do; `status` is the HTTP status it becomes; `field` names the input at fault.
    """

    status = 400

    def __init__(self, message: str, *, status: int | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if status is not None:
            self.status = status


class NotFound(Refusal):
    status = 404


class Conflict(Refusal):
    """Somebody else was first, or the same key came with other content."""

    status = 409


class Unavailable(Refusal):
    """A part that we need does not answer right now; nothing was kept."""

    status = 503
