"""How the door says no: RFC 9457 problem documents.

Every problem says what happened, what is safe, and what to do next. The door refuses
only what needs no database (blueprint decision 3); whatever is authentic and readable
is taken, and what does not agree with it becomes a case.
"""

from typing import Final, NamedTuple

import msgspec


class Problem(NamedTuple):
    """One kind of refusal. `code` ends the problem's type, `urn:jusha:problem:<code>`."""

    status: int
    code: str
    title: str
    detail: str


NOT_FOUND: Final = Problem(404, "not-found", "No such address", "See /door/v1/ in the docs.")
WRONG_METHOD: Final = Problem(405, "wrong-method", "Only POST is taken here", "Send a POST.")
LENGTH_REQUIRED: Final = Problem(
    411, "length-required", "No Content-Length", "Send the body with its length."
)
TOO_LARGE: Final = Problem(
    413, "too-large", "The body is too large", "Nothing was recorded. Send smaller batches."
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
UNREADABLE: Final = Problem(
    422,
    "unreadable",
    "The message is not what was agreed",
    "Nothing was recorded. Correct the message and send it again.",
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
