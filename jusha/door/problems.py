"""How the door says no: RFC 9457 problem documents.

Every problem says what happened, what is safe, and what to do next. The door refuses
only what needs no database (blueprint decision 3); whatever is authentic and readable
is taken, and what does not agree with it becomes a case.
"""

from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec


class Problem(NamedTuple):
    """One kind of refusal. `code` ends the problem's type, `urn:jusha:problem:<code>`."""

    status: int
    code: str
    title: str
    detail: str

    @property
    def is_passing(self) -> bool:
        """Whether the same message may well be taken in a moment."""
        return self.status == HTTPStatus.SERVICE_UNAVAILABLE


class RefusedError(Exception):
    """A request that the door does not take, and what to tell of the reason beyond the problem."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.code)
        self.problem, self.detail = problem, detail


MALFORMED: Final = Problem(
    400,
    "malformed",
    "This is not HTTP/1.1 that can be read in one way only",
    "Nothing was recorded. Correct the request; its head has at most 16,384 bytes.",
)
INCOMPLETE: Final = Problem(
    400,
    "incomplete",
    "The body ended before its announced length",
    "Nothing was recorded. Send the whole message again.",
)
UNAUTHENTIC: Final = Problem(
    401,
    "unauthentic",
    "The signature does not match",
    "Nothing was recorded. Check the channel, the secret and that the raw body was signed.",
)
STALE: Final = Problem(
    401,
    "stale",
    "The timestamp is more than 300 seconds from now",
    "Nothing was recorded. Sign again with the present time; the id stays the same.",
)
NOT_FOUND: Final = Problem(
    404, "not-found", "No such address", "Nothing was recorded. See the addresses in docs/door.md."
)
WRONG_METHOD: Final = Problem(
    405, "wrong-method", "Only POST is taken here", "Nothing was recorded. Send a POST."
)
TOO_SLOW: Final = Problem(
    408,
    "too-slow",
    "The body did not come within 10 seconds",
    "Nothing was recorded. Send the same message again.",
)
LENGTH_REQUIRED: Final = Problem(
    411,
    "length-required",
    "No Content-Length",
    "Nothing was recorded. Send the body in one piece, with its length.",
)
TOO_LARGE: Final = Problem(
    413, "too-large", "The body is too large", "Nothing was recorded. Send smaller batches."
)
UNREADABLE: Final = Problem(
    422,
    "unreadable",
    "The message is not what was agreed",
    "Nothing was recorded. Correct the message and send it again.",
)
STARTING: Final = Problem(
    503,
    "starting",
    "The door does not know its channels yet",
    "Nothing was recorded. Send the same message again in a moment.",
)
FULL: Final = Problem(
    503, "full", "The door is full", "Nothing was recorded. Send the same message again later."
)
UNSURE: Final = Problem(
    503,
    "unsure",
    "The message could not be stored now",
    "It may or may not be recorded. Send the same message again: a repeat changes nothing.",
)
PROBLEMS: Final = (
    MALFORMED, INCOMPLETE, UNAUTHENTIC, STALE, NOT_FOUND, WRONG_METHOD, TOO_SLOW, LENGTH_REQUIRED,
    TOO_LARGE, UNREADABLE, STARTING, FULL, UNSURE,
)  # fmt: skip


def problem_body(problem: Problem, detail: str = "") -> bytes:
    """Write the problem document."""
    return msgspec.json.encode(
        {
            "type": f"urn:jusha:problem:{problem.code}",
            "title": problem.title,
            "status": problem.status,
            "detail": f"{detail}. {problem.detail}" if detail else problem.detail,
        }
    )
