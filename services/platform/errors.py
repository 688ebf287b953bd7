"""What can go wrong for a caller, as values with a stable code.

A :class:`Problem` becomes an RFC 9457 ``application/problem+json`` answer at the doors and one red line at the command.
Its ``code`` never changes once published; its words say what to do next and never carry personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One faulty place in a request: a JSON pointer, and what is wrong there."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818  the name RFC 9457 gives it
    """A request that cannot be done, and why.

    Parameters
    ----------
    code
        Stable dotted code such as ``ticket.version_conflict``.
    detail
        One sentence for the person who has to act on it.
    status
        HTTP status; each subclass has its own default.
    errors
        Faulty places, for requests with several.
    extra
        Further members of the answer (for example the missing list of a refused closing).
    headers
        HTTP headers that belong to the answer (``Retry-After``, ``Allow``…).
    """

    status = 400
    title = "Bad request"

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        errors: Sequence[Fault] = (),
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status or type(self).status
        self.errors = tuple(errors)
        self.extra = extra or {}
        self.headers = headers or {}


class Invalid(Problem):
    """The request is understood but its content cannot be right."""

    status = 422
    title = "Unprocessable content"


class Unauthenticated(Problem):
    """Nobody is signed in, or the token is wrong or over."""

    status = 401
    title = "Not signed in"


class Forbidden(Problem):
    """The person is known and may not do this."""

    status = 403
    title = "Not allowed"


class NotFound(Problem):
    """There is no such thing, or none that this person may know of."""

    status = 404
    title = "Not found"


class Conflict(Problem):
    """The thing is not in a state in which this can be done."""

    status = 409
    title = "Conflict"


class PreconditionFailed(Problem):
    """Somebody else changed the thing since it was read."""

    status = 412
    title = "Precondition failed"


class PreconditionRequired(Problem):
    """A change needs ``If-Match`` with the version it was decided on."""

    status = 428
    title = "Precondition required"


class TooLarge(Problem):
    """The body is larger than this endpoint takes."""

    status = 413
    title = "Content too large"


class UnsupportedMedia(Problem):
    """The body is of a kind this endpoint does not take."""

    status = 415
    title = "Unsupported media type"


class TooMany(Problem):
    """Too many tries; wait as ``Retry-After`` says."""

    status = 429
    title = "Too many requests"


class Unavailable(Problem):
    """A part this needs is away; nothing was done, try again."""

    status = 503
    title = "Temporarily unavailable"
